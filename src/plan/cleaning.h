// What should be taken away from a picture before it is enlarged.
#pragma once

#include <map>
#include <string>

#include "diagnose/damage.h"

namespace acuity::plan {

/// What the cleaning network is told, each 0 (leave it) to about 1: standard deviation of the noise
/// in luma and colour by 25 levels of 255, JPEG's quality as (100 - q) / 80, and the share of
/// detail that is gone.
struct Cleaning {
    double noise = 0, colourNoise = 0, compression = 0, softness = 0;

    bool any() const { return noise > 0 || colourNoise > 0 || compression > 0 || softness > 0; }
    bool operator==(const Cleaning&) const = default;
    /// By the names that the network's file knows them by.
    std::map<std::string, double> named() const;
};

/// What was measured to bring a picture nearer to what it was (docs/plan.md); nothing where it
/// shows no damage. `jpegQuality`: what the file's own table says, 0 where it has none.
Cleaning cleaningFor(const diagnose::Damage& damage, int jpegQuality);

/// What --noise of 0 to 1 stands for, and back.
Cleaning withNoise(Cleaning cleaning, double strength);
double noiseOf(const Cleaning& cleaning);

/// "noise of about 8 levels of 255 in brightness and the traces of JPEG at quality 40"; "" for
/// nothing.
std::string inWords(const Cleaning& cleaning);

}  // namespace acuity::plan
