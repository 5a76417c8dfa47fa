#include "weights/mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace acuity::weights {

Mapped::Mapped(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (file < 0 || fstat(file, &facts) != 0) {
        const std::string why = std::strerror(errno);
        if (file >= 0) ::close(file);
        throw Error(Kind::model, "it cannot be read: " + why);
    }
    if (!S_ISREG(facts.st_mode)) {
        ::close(file);
        throw Error(Kind::model, "it is no file");
    }
    size_ = static_cast<std::size_t>(facts.st_size);
    data_ = size_ ? mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
    ::close(file);
    if (data_ == MAP_FAILED) {
        data_ = nullptr;
        throw Error(Kind::model, "it cannot be read: " + std::string(std::strerror(errno)));
    }
}

Mapped::~Mapped() {
    if (data_) munmap(data_, size_);
}

}  // namespace acuity::weights
