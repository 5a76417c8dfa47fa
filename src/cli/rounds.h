// What `acuity roundtrip` found, as table, chart and text.
#pragma once

#include <string>
#include <vector>

#include "pipeline/roundtrip.h"

namespace acuity::cli {

/// One picture with one enlarger.
struct Voyage {
    std::string picture, model;
    std::vector<pipeline::Round> rounds;
    std::vector<std::string> texts;  // read by Tesseract, where a frame was written; else ""
};

/// Rounds that get a frame, a column in the sheet and a line on the screen: 1, 2, 5, 10, 20, 50 …
/// and the last.
std::vector<int> shownRounds(int times);

/// The voyages of each model averaged over the pictures, in the models' order.
std::vector<Voyage> means(const std::vector<Voyage>& voyages);

/// With a line of headings. The pictures' means come last, where there are several pictures.
std::string csv(const std::vector<Voyage>& voyages);

/// PSNR-Y to the original after each round, a line for each model, averaged over the pictures.
std::string chart(const std::vector<Voyage>& voyages, const std::string& title);

}  // namespace acuity::cli
