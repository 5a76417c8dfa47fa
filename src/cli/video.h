// Pictures of one size as an MP4, made by ffmpeg.
#pragma once

#include <memory>
#include <string>
#include <vips/vips8>

#include "base/files.h"
#include "base/process.h"

namespace acuity::cli {

class Video {
  public:
    /// `pictures` of width x height, RGB, so many each second. Throws Error(output).
    Video(const std::string& path, int width, int height, double perSecond);

    void add(const vips::VImage& picture);
    /// Puts the file in its place. Throws Error(output) when ffmpeg could not make it.
    void finish();

  private:
    std::string path_;
    Draft draft_;
    Feed encoder_;
};

}  // namespace acuity::cli
