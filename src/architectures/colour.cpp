#include "architectures/colour.h"

namespace acuity::architectures {

// ITU-R BT.601.
ColourMatrix toYcc(Luma range) {
    const bool studio = range == Luma::studio;
    const double y = studio ? 219.0 / 255 : 1, c = studio ? 224.0 / 255 : 1;
    const double r = 0.299, g = 0.587, b = 0.114;
    const double cb = 0.5 / (1 - b), cr = 0.5 / (1 - r);
    return {{float(y * r), float(y * g), float(y * b),                         //
             float(-c * cb * r), float(-c * cb * g), float(c * cb * (1 - b)),  //
             float(c * cr * (1 - r)), float(-c * cr * g), float(-c * cr * b)},
            {studio ? 16.0f / 255 : 0, 128.0f / 255, 128.0f / 255}};
}

ColourMatrix fromYcc(Luma range) {
    const bool studio = range == Luma::studio;
    const double y = studio ? 255.0 / 219 : 1, c = studio ? 255.0 / 224 : 1;
    const double r = 0.299, g = 0.587, b = 0.114;
    const double red = 2 * (1 - r) * c, blue = 2 * (1 - b) * c;
    const double greenFromBlue = -blue * b / g, greenFromRed = -red * r / g;
    ColourMatrix m{{float(y), 0, float(red),                              //
                    float(y), float(greenFromBlue), float(greenFromRed),  //
                    float(y), float(blue), 0},
                   {}};
    const double zero = studio ? 16.0 / 255 : 0, middle = 128.0 / 255;
    for (int i = 0; i < 3; ++i)
        m.offsets[i] = float(-zero * m.rows[3 * i] -
                             middle * (double(m.rows[3 * i + 1]) + double(m.rows[3 * i + 2])));
    return m;
}

}  // namespace acuity::architectures
