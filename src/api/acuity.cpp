#include "acuity/acuity.h"

#include "api/option_table.h"
#include "base/json.h"
#include "pipeline/job.h"

namespace acuity {

std::string version() {
    return ACUITY_VERSION;
}

Options::Options() : options_(std::make_unique<pipeline::Options>()) {}
Options::~Options() = default;
Options::Options(const Options& other)
    : options_(std::make_unique<pipeline::Options>(*other.options_)) {}
Options& Options::operator=(const Options& other) {
    *options_ = *other.options_;
    return *this;
}

void Options::set(const std::string& name, const std::string& value) {
    api::setOption(*options_, name, value);
}

Result enlarge(const std::string& input, const std::string& output, const Options& options) {
    pipeline::Session session(options.get(), nullptr);
    pipeline::Progress progress;
    const pipeline::Outcome outcome = pipeline::enlargeFile({input, output, ""}, session, progress);
    if (outcome.status == pipeline::Status::failed) throw Error(outcome.kind, outcome.message);
    if (outcome.status == pipeline::Status::exists) throw Error(Kind::output, outcome.message);
    Result result;
    result.output = outcome.output;
    result.width = outcome.json.value("outputWidth", 0);
    result.height = outcome.json.value("outputHeight", 0);
    result.notes = outcome.notes;
    result.json = jsonText(outcome.json);
    return result;
}

}  // namespace acuity
