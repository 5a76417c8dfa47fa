#include "architectures/state.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/files.h"

namespace acuity::architectures {

using weights::Tensor;

namespace {

/// Takes away what all names begin with, where that is `prefix`; false where it is not.
bool strip(std::map<std::string, Tensor>& tensors, const std::string& prefix) {
    // In front of numbers it is the network's own: "model.0.weight".
    const auto wraps = [&](const auto& entry) {
        const std::string& name = entry.first;
        return name.rfind(prefix, 0) == 0 && name.size() > prefix.size() &&
               !std::isdigit((unsigned char)name[prefix.size()]);
    };
    if (tensors.empty() || !std::all_of(tensors.begin(), tensors.end(), wraps)) return false;
    std::map<std::string, Tensor> stripped;
    for (auto& [name, tensor] : tensors) stripped[name.substr(prefix.size())] = tensor;
    tensors = std::move(stripped);
    return true;
}

/// Takes away what programs that train and compile put around a network.
void unwrap(std::map<std::string, Tensor>& tensors) {
    tensors.erase("n_averaged");  // how many weights torch.optim.swa_utils has averaged
    for (bool more = true; more;) {
        more = false;
        for (const char* prefix :
             {"module.", "_orig_mod.", "netG.", "net_g.", "generator.", "model.", "net."})
            more |= strip(tensors, prefix);
    }
}

// The number in `name` from a place on, and where it ends; -1 where there is none, or a long one.
std::pair<int, std::size_t> numberAt(const std::string& name, std::size_t from) {
    constexpr std::size_t kDigits = 6;
    std::size_t end = from;
    while (end < name.size() && std::isdigit((unsigned char)name[end])) ++end;
    const std::size_t digits = end - from;
    if (digits == 0 || digits > kDigits) return {-1, end};
    return {std::stoi(name.substr(from, digits)), end};
}

}  // namespace

State::State(weights::Weights weights) : weights_(std::move(weights)) {
    unwrap(weights_.tensors);
}

const Tensor& State::at(const std::string& name) const {
    if (const Tensor* found = find(name)) return *found;
    throw Error(Kind::model, "it lacks the weights " + inQuotes(name));
}

const Tensor* State::find(const std::string& name) const {
    const auto found = tensors().find(name);
    return found == tensors().end() ? nullptr : &found->second;
}

int State::side(const std::string& name, int axis) const {
    constexpr std::int64_t kMost = 1 << 20;
    const auto& shape = at(name).shape;
    if (axis >= int(shape.size()) || shape[axis] < 1 || shape[axis] > kMost)
        throw Error(Kind::model, "its weights " + inQuotes(name) + " have an unexpected shape");
    return int(shape[axis]);
}

int State::count(const std::string& pattern, int first) const {
    const auto place = pattern.find('#');
    int n = 0;
    while (has(pattern.substr(0, place) + std::to_string(first + n) + pattern.substr(place + 1)))
        ++n;
    return n;
}

int State::largest(const std::string& prefix) const {
    int most = -1;
    for (auto entry = tensors().lower_bound(prefix);
         entry != tensors().end() && entry->first.rfind(prefix, 0) == 0; ++entry) {
        const auto [number, end] = numberAt(entry->first, prefix.size());
        if (end == entry->first.size() || entry->first[end] == '.') most = std::max(most, number);
    }
    return most;
}

std::vector<int> State::numbers(const std::string& pattern) const {
    const auto place = pattern.find('#');
    const std::string prefix = pattern.substr(0, place), rest = pattern.substr(place + 1);
    std::vector<int> found;
    for (auto entry = tensors().lower_bound(prefix);
         entry != tensors().end() && entry->first.rfind(prefix, 0) == 0; ++entry) {
        const auto [number, end] = numberAt(entry->first, place);
        if (number >= 0 && entry->first.compare(end, std::string::npos, rest) == 0)
            found.push_back(number);
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool State::any(const std::string& prefix) const {
    const auto entry = tensors().lower_bound(prefix);
    return entry != tensors().end() && entry->first.rfind(prefix, 0) == 0;
}

std::optional<int> shuffleFactor(int outputs, int channels) {
    for (int factor = 1; factor <= 16; ++factor)
        if (factor * factor * channels == outputs) return factor;
    return std::nullopt;
}

}  // namespace acuity::architectures
