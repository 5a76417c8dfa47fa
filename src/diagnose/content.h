// What kind of picture it is, field by field: photographed, drawn, or plain.
#pragma once

#include <string>
#include <vector>
#include <vips/vips8>

namespace acuity::diagnose {

/// Plain parts are sky, walls and what is out of focus; drawings have areas of one colour with
/// sharp edges between.
enum class Field : char { photograph = 'p', drawing = 'd', plain = 's', text = 't' };

struct Content {
    /// One letter for each field of a grid that covers the picture evenly; rows from the top.
    std::vector<std::string> rows;

    /// 0 to 1.
    double share(Field kind) const;
};

/// Looks at a window of 48 pixels in the middle of each field: at most `most` of them across and
/// down, none where a side is shorter than one. `colour`: 1 or 3 bands, encoded, in random access.
Content contentOf(const vips::VImage& colour, int most);

/// Gives fields to lettering where the mask of diagnose/text.h, which covers the same picture,
/// says so.
void addText(Content& content, const vips::VImage& mask);

/// Banding: share of the picture where shades rise or fall in visible stairs, three levels of 255
/// or more at once between steps of one colour each.
double bandingIn(const vips::VImage& colour);

}  // namespace acuity::diagnose
