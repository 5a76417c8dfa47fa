// An operation of our own as a lazily computed libvips image.
#pragma once

#include <memory>
#include <vector>
#include <vips/vips8>

namespace acuity::ops {

/// Computes pieces of an image from pieces of others, on several threads at once.
class Lazy {
  public:
    virtual ~Lazy() = default;
    /// Fills `out->valid`; `in` has a region of its own for each input, in their order.
    virtual void fill(VipsRegion* out, VipsRegion** in) const = 0;

  protected:
    /// Computes a piece of an input. Throws Error(input).
    static void prepare(VipsRegion* region, const VipsRect& area);
};

/// The image that `op` computes: size, samples and bands as given, all else like the first input.
vips::VImage lazy(std::unique_ptr<Lazy> op, const std::vector<vips::VImage>& inputs, int width,
                  int height, VipsBandFormat format, int bands);

}  // namespace acuity::ops
