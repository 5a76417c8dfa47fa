// XMP: small corrections in a packet that is otherwise left as it is, and IPTC as XMP.
#pragma once

#include <string>

namespace acuity::codec {

/// Dimensions, orientation 1 and resolution as the picture has them now, thumbnails removed.
std::string correctedXmp(std::string xmp, int width, int height, double dpiX, double dpiY);

/// `xmp` with those fields of an IPTC record added that it does not name yet.
std::string withIptc(std::string xmp, const std::string& iptc);

/// The IPTC record out of Photoshop's resources (JPEG APP13), or "".
std::string iptcOfPhotoshop(const std::string& resources);
/// The reverse: an APP13 payload, with its signature.
std::string photoshopOfIptc(const std::string& iptc);

}  // namespace acuity::codec
