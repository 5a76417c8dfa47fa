#include "codec/deepzoom.h"

#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "codec/encode.h"
#include "codec/prepare.h"
#include "codec/sink.h"
#include "codec/watch.h"

namespace acuity::codec {
namespace {

namespace fs = std::filesystem;
using vips::VImage;
using vips::VOption;

bool endsWith(const std::string& text, const std::string& end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// "folder/NAME.dzi", "folder/NAME.dz", "folder/NAME.dz.zip", "folder/NAME" -> "NAME"
std::string baseName(const std::string& path) {
    std::string name = fs::path(path).filename().string();
    for (const char* end : {".dz.zip", ".zip", ".dzi", ".dz"})
        if (endsWith(name, end) && name.size() > std::strlen(end))
            return name.substr(0, name.size() - std::strlen(end));
    return name;
}

VOption* tiling(const Picture& picture, const SaveOptions& options) {
    const bool png = picture.alpha() || options.lossless;
    const std::string suffix =
        png ? ".png" : ".jpg[Q=" + std::to_string(qualityFor(Format::jpeg, options)) + "]";
    return VImage::option()
        ->set("suffix", suffix.c_str())
        ->set("tile_size", 254)
        ->set("overlap", 1)
        ->set("strip", TRUE);
}

void moveTo(const fs::path& from, const fs::path& to) {
    std::error_code code;
    fs::rename(from, to, code);
    if (code)
        throw Error(Kind::output,
                    "cannot write " + acuity::inQuotes(to.string()) + ": " + code.message());
}

// A hidden folder beside the target; gone in every case when it leaves the scope.
struct Workshop {
    fs::path path;
    explicit Workshop(const fs::path& place) : path(place) {
        std::error_code code;
        fs::remove_all(path, code);
        fs::create_directory(path, code);
        if (code)
            throw Error(Kind::output, "cannot write into " +
                                          acuity::inQuotes(place.parent_path().string()) + ": " +
                                          code.message() + "; choose another place with -o");
    }
    ~Workshop() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

void saveZip(const VImage& image, const Picture& picture, const std::string& path,
             const SaveOptions& options) {
    Draft draft(path);
    Sink sink(draft.path(), {}, options.cancel);
    const Watch watch(image, options.cancel, options.progress);
    try {
        watch.image().dzsave_target(sink.target(),
                                    tiling(picture, options)
                                        ->set("container", VIPS_FOREIGN_DZ_CONTAINER_ZIP)
                                        ->set("basename", baseName(path).c_str()));
        watch.finish();
    } catch (const vips::VError&) {
        if (sink.trouble() != 0) sink.finish();
        throw;
    }
    sink.finish();
    draft.commit();
}

void saveFolder(const VImage& image, const Picture& picture, const std::string& path,
                const SaveOptions& options) {
    const fs::path folder = fs::path(path).parent_path();
    const std::string name = baseName(path);
    checkDeepZoomPlace(path);
    // The draft is a lock as well: it holds the place of NAME.dzi until all is written.
    Draft draft(deepZoomFile(path));
    const Workshop workshop(folder / ("." + name + "_files.part"));
    {
        const Watch watch(image, options.cancel, options.progress);
        watch.image().dzsave((workshop.path / "picture").c_str(), tiling(picture, options));
        watch.finish();
    }
    if (options.cancel) options.cancel->check();
    std::error_code code;
    fs::remove(workshop.path / "picture_files" / "vips-properties.xml", code);
    const fs::path tiles = folder / (name + "_files");
    fs::rename(tiles, workshop.path / "old", code);  // what an earlier run wrote
    moveTo(workshop.path / "picture_files", tiles);
    moveTo(workshop.path / "picture.dzi", draft.path());
    draft.commit();
}

}  // namespace

bool zipped(const std::string& path) {
    return endsWith(path, ".zip");
}

std::string deepZoomFile(const std::string& path) {
    if (zipped(path) || path == "-") return path;
    return (fs::path(path).parent_path() / (baseName(path) + ".dzi")).string();
}

void checkDeepZoomPlace(const std::string& path) {
    if (zipped(path) || path == "-") return;
    const fs::path tiles = fs::path(path).parent_path() / (baseName(path) + "_files");
    std::error_code code;
    if (fs::exists(tiles, code) && !fs::exists(deepZoomFile(path), code))
        throw Error(Kind::output, inQuotes(tiles.string()) +
                                      " is there already, and not of a Deep Zoom; move it, or "
                                      "choose another name with -o");
}

void saveDeepZoom(const Picture& picture, const std::string& path, const SaveOptions& options) {
    if (path == "-")
        throw Error(Kind::output, "Deep Zoom is many files; name a place with -o NAME.dzi");
    const VImage image = prepared(picture, Format::dz, options);
    if (zipped(path))
        saveZip(image, picture, path, options);
    else
        saveFolder(image, picture, path, options);
}

}  // namespace acuity::codec
