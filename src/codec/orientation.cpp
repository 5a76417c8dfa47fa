#include "codec/orientation.h"

namespace acuity::codec {

vips::VImage upright(const vips::VImage& image, int orientation) {
    switch (orientation) {
        case 2:
            return image.fliphor();
        case 3:
            return image.rot180();
        case 4:
            return image.flipver();
        case 5:
            return image.rot90().fliphor();
        case 6:
            return image.rot90();
        case 7:
            return image.rot270().fliphor();
        case 8:
            return image.rot270();
        default:
            return image;
    }
}

}  // namespace acuity::codec
