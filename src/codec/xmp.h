// XMP: small corrections in a packet that is otherwise left as it is, and IPTC as XMP.
#pragma once

#include <string>

namespace acuity::codec {

/// Dimensions, orientation 1 and resolution as the picture has them now, thumbnails removed.
std::string correctedXmp(std::string xmp, int width, int height, double dpiX, double dpiY);

/// `xmp` with those fields of an IPTC record added that it does not name yet.
std::string withIptc(std::string xmp, const std::string& iptc);

/// `xmp` (or a new packet) with `elements` added, which use the prefixes that `namespaces`
/// declares.
std::string withDescription(std::string xmp, const std::string& namespaces,
                            const std::string& elements);

/// Text between "<name>" and "</name>", or of the attribute name="..."; "" when there is none.
std::string xmpValue(const std::string& xmp, const std::string& name);
/// Gives every element and attribute of this name another value.
void setXmpValue(std::string& xmp, const std::string& name, const std::string& value);
/// Drops every element of this name with all it holds.
void removeXmpElement(std::string& xmp, const std::string& name);

std::string xmlEscaped(const std::string& text);
std::string xmlUnescaped(std::string text);

/// The IPTC record out of Photoshop's resources (JPEG APP13), or "".
std::string iptcOfPhotoshop(const std::string& resources);
/// The reverse: an APP13 payload, with its signature.
std::string photoshopOfIptc(const std::string& iptc);

}  // namespace acuity::codec
