#include "base/hash.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace acuity {
namespace {

class Sum {
  public:
    Sum() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
    }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    std::string digits() {
        unsigned char value[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        EVP_DigestFinal_ex(context_.get(), value, &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            text += "0123456789abcdef"[value[i] >> 4];
            text += "0123456789abcdef"[value[i] & 15];
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
    Sum sum;
    sum.add(bytes);
    return sum.digits();
}

std::string sha256OfFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Error(Kind::input, "cannot read " + inQuotes(path) + ": " + std::strerror(errno));
    Sum sum;
    std::vector<char> piece(1 << 18);
    while (in) {
        in.read(piece.data(), std::streamsize(piece.size()));
        sum.add({piece.data(), static_cast<std::size_t>(in.gcount())});
    }
    if (in.bad()) throw Error(Kind::input, "reading " + inQuotes(path) + " broke off");
    return sum.digits();
}

}  // namespace acuity
