// The rhythm that an interpolation leaves: new pixels that lie between old ones are smoother than
// those that lie on them (Gallagher, "Detection of linear and cubic interpolation in JPEG
// compressed images", 2005).
#pragma once

#include <vector>
#include <vips/vips8>

namespace acuity::diagnose {

/// A share of its width and height that the picture may have had before it was enlarged.
struct Rhythm {
    double share = 1;
    /// Power of this rhythm in both directions, over what its neighbours have: about 1 to 10 by
    /// chance.
    double power = 0;
    bool ofBlocks = false;  // JPEG would leave the same one
};

/// Shares that are looked for.
constexpr double kSmallestShare = 1 / 4.1, kLargestShare = 1 / 1.15;

class Rhythms {
  public:
    /// `colour`: 1 or 3 bands, encoded (not linear), in random access, 96 pixels or more a side.
    explicit Rhythms(const vips::VImage& colour);

    /// That of a share of width and height.
    Rhythm at(double share) const;

    /// The strongest ones, down to a quarter of the size, strongest first, and then those that JPEG
    /// may hide.
    std::vector<Rhythm> strongest() const;

  private:
    struct Spectra {
        std::vector<double> withBlocks, without;
    };
    static Spectra spectraOf(const vips::VImage& colour, bool alongRows);
    bool within(double share, double other, double cycles) const;
    bool ofBlocks(double share) const;

    Spectra across_, down_;
    double steps_;  // cycles per line at a share of one
};

}  // namespace acuity::diagnose
