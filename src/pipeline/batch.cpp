#include "pipeline/batch.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "base/files.h"
#include "codec/formats.h"

namespace acuity::pipeline {
namespace fs = std::filesystem;

namespace {

bool readable(const fs::path& file) {
    const std::string name = file.filename().string();
    if (name.front() == '.') return false;  // hidden, drafts among them
    const auto format = codec::formatOfName(name);
    return file.has_extension() && format && *format != codec::Format::dz;
}

std::vector<fs::path> picturesIn(const fs::path& folder, bool recursive) {
    std::vector<fs::path> found;
    const auto take = [&](const fs::directory_entry& entry) {
        std::error_code code;
        if (entry.is_regular_file(code) && readable(entry.path())) found.push_back(entry.path());
    };
    std::error_code code;
    const auto quiet = fs::directory_options::skip_permission_denied;
    if (recursive) {
        for (fs::recursive_directory_iterator it(folder, quiet, code), end; it != end && !code;
             it.increment(code)) {
            std::error_code no;
            if (it->path().filename().string().front() == '.' && it->is_directory(no))
                it.disable_recursion_pending();
            take(*it);
        }
    } else {
        for (const auto& entry : fs::directory_iterator(folder, quiet, code)) take(entry);
    }
    if (code)
        throw Error(Kind::input,
                    "cannot list " + inQuotes(folder.string()) + ": " + code.message());
    std::sort(found.begin(), found.end());
    return found;
}

/// Whether `name` could be `stem` with the suffix Acuity gives its results.
bool isResultOf(const std::string& name, const std::string& stem, const Options& options) {
    if (name.size() <= stem.size() || name.compare(0, stem.size(), stem) != 0) return false;
    const std::string rest = name.substr(stem.size());
    if (options.suffix) return !options.suffix->empty() && rest == *options.suffix;
    return rest.size() >= 3 && rest.front() == '-' && rest.back() == 'x' &&
           rest.find_first_not_of("0123456789.", 1) == rest.size() - 1;
}

/// Drops results of earlier runs: a file NAME-4x whose NAME is in the same list.
std::vector<fs::path> withoutResults(const std::vector<fs::path>& files, const Options& options) {
    std::set<fs::path> stems;
    for (const fs::path& file : files) stems.insert(file.parent_path() / file.stem());
    std::vector<fs::path> kept;
    for (const fs::path& file : files) {
        const std::string name = file.stem().string();
        bool result = false;
        for (std::size_t cut = name.size(); cut-- > 1 && !result;)
            result = stems.count(file.parent_path() / name.substr(0, cut)) &&
                     isResultOf(name, name.substr(0, cut), options);
        if (!result) kept.push_back(file);
    }
    return kept;
}

void addFolder(const fs::path& folder, const BatchRequest& request, const Options& options,
               std::vector<Item>& items) {
    auto files = picturesIn(folder, request.recursive);
    std::error_code code;
    const bool elsewhere = !request.output.empty() && !fs::equivalent(request.output, folder, code);
    if (elsewhere) {
        // An output folder inside the input folder must not feed on itself.
        const fs::path out = fs::weakly_canonical(request.output);
        std::erase_if(files, [&](const fs::path& file) {
            const fs::path full = fs::weakly_canonical(file);
            return std::mismatch(out.begin(), out.end(), full.begin(), full.end()).first ==
                   out.end();
        });
    } else {
        files = withoutResults(files, options);
    }
    for (const fs::path& file : files) {
        Item item{file.string(), "", ""};
        if (elsewhere)
            item.folder = (fs::path(request.output) / file.parent_path().lexically_relative(folder))
                              .lexically_normal()
                              .string();
        items.push_back(item);
    }
}

/// Whether the output is a place for many results rather than one file.
bool isFolder(const std::string& output, bool many) {
    if (output.empty() || output == "-") return false;
    if (output.back() == '/' || fs::is_directory(output) || many) return true;
    return !fs::path(output).has_extension();
}

/// As "all.png", which is no folder.
bool namesPicture(const std::string& output) {
    return !output.empty() && output.back() != '/' && !fs::is_directory(output) &&
           fs::path(output).has_extension() && codec::formatOfName(output);
}

}  // namespace

std::vector<Item> itemsFor(const BatchRequest& request, const Options& options) {
    std::vector<Item> items;
    const bool anyFolder = std::any_of(request.inputs.begin(), request.inputs.end(),
                                       [](const std::string& i) { return fs::is_directory(i); });
    const bool many = anyFolder || request.inputs.size() > 1;
    if (many && request.output == "-")
        throw Error(Kind::usage, "standard output can take one picture only");
    const bool toFolder = isFolder(request.output, many) &&
                          !(options.format && !many && !fs::is_directory(request.output) &&
                            request.output.back() != '/');
    if (many && toFolder && fs::exists(request.output) && !fs::is_directory(request.output))
        throw Error(Kind::usage,
                    inQuotes(request.output) + " is a file; several pictures need a folder");
    if (many && namesPicture(request.output))
        throw Error(Kind::usage, inQuotes(request.output) +
                                     " names one picture, and several are to be enlarged; name a "
                                     "folder, with a / at its end");
    for (const std::string& input : request.inputs) {
        if (input != "-" && fs::is_directory(input)) {
            addFolder(input, request, options, items);
            continue;
        }
        Item item{input, "", ""};
        if (toFolder) {
            item.folder = request.output;
            // Into its own folder a result needs a name of its own.
            std::error_code code;
            const fs::path own = fs::path(input).parent_path();
            if (fs::equivalent(own.empty() ? "." : own, item.folder, code)) item.folder.clear();
        } else {
            item.output = request.output;
        }
        if (input == "-" && item.output.empty() && !toFolder) item.output = "-";
        items.push_back(item);
    }
    if (items.empty() && !request.inputs.empty())
        throw Error(Kind::input, "no pictures were found in " + inQuotes(request.inputs.front()) +
                                     (request.recursive ? "" : "; -r looks into its folders too"));
    return items;
}

void runBatch(const std::vector<Item>& items, Session& session, Progress& progress,
              const std::function<void(const Outcome&)>& finished) {
    std::mutex mutex;
    std::atomic<std::size_t> next{0};
    std::exception_ptr stopped;
    const auto work = [&] {
        while (true) {
            const std::size_t i = next++;
            if (i >= items.size()) break;
            try {
                if (session.cancel()) session.cancel()->check();
                const Outcome outcome = enlargeFile(items[i], session, progress);
                std::lock_guard guard(mutex);
                finished(outcome);
            } catch (...) {
                std::lock_guard guard(mutex);
                stopped = std::current_exception();
                next = items.size();
            }
        }
        vips_thread_shutdown();
    };
    std::vector<std::thread> threads;
    const auto count = std::min<std::size_t>(Session::kAtOnce, items.size());
    for (std::size_t i = 0; i < count; i++) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    if (stopped) std::rethrow_exception(stopped);
}

}  // namespace acuity::pipeline
