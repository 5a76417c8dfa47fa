#include "weights/torch_file.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "weights/torch.h"

namespace acuity::weights {
namespace {

// 0x1950a86a20f9469cfc6c, pickled by itself, begins the legacy stream.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::uint64_t kMostElements = 1ull << 40;
constexpr std::size_t kMostKey = 256;  // bytes; they are short decimal numbers

// Where the stream's second pickle begins, or nothing.
std::optional<std::size_t> afterMagic(std::string_view bytes) {
    constexpr std::size_t kMagicPickle = 64;  // it takes 15 bytes; protocol 4 adds a few
    if (bytes.empty() || bytes[0] != '\x80') return std::nullopt;
    try {
        const Pickle magic(bytes.substr(0, kMagicPickle));
        if (magic.top().text == kMagic) return magic.size();
    } catch (const Error&) {
    }
    return std::nullopt;
}

bool isTar(std::string_view bytes) {
    constexpr std::size_t kSignature = 257;
    return bytes.size() > kSignature && bytes.substr(kSignature, 5) == "ustar";
}

bool isPickle(std::string_view bytes) {
    return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5 &&
           std::string_view("}]c(\x8a\x95\x8c").find(bytes[2]) != std::string_view::npos;
}

std::optional<Type> storageType(std::string_view global) {
    static const std::map<std::string_view, std::optional<Type>> types{
        {"DoubleStorage", Type::f64},    {"FloatStorage", Type::f32}, {"HalfStorage", Type::f16},
        {"BFloat16Storage", Type::bf16}, {"LongStorage", Type::i64},  {"IntStorage", Type::i32},
        {"ShortStorage", Type::i16},     {"CharStorage", Type::i8},   {"ByteStorage", Type::u8},
        {"BoolStorage", Type::boolean},  {"UntypedStorage", {}}};
    const std::string_view module = global.substr(0, global.rfind('.'));
    const auto found = types.find(global.substr(global.rfind('.') + 1));
    if (found != types.end() &&
        (module == "torch" || module == "torch.cuda" || module == "torch.storage"))
        return found->second;
    throw Error(Kind::model, "it holds weights of the type " + inQuotes(std::string(global)) +
                                 ", which Acuity does not read");
}

}  // namespace

bool isTorch(std::string_view bytes) {
    return Zip::is(bytes) || isTar(bytes) || isPickle(bytes);
}

StorageName storageName(const Object& id) {
    using Kind_ = Object::Kind;
    const auto& items = id.arguments->items;
    constexpr std::size_t kLeast = 5;  // 'storage', type, key, place, count
    if (!id.arguments->is(Kind_::tuple) || items.size() < kLeast || items[0]->text != "storage" ||
        !items[1]->is(Kind_::global) || !items[2]->is(Kind_::text) ||
        !items[4]->is(Kind_::integer) || items[2]->text.size() > kMostKey)
        damaged("a tensor's storage has no proper name");
    StorageName name{std::string(items[2]->text), storageType(items[1]->text),
                     std::uint64_t(items[4]->integer)};
    if (name.count > kMostElements) damaged("a storage claims too many elements");
    if (items.size() > kLeast && items[5]->is(Kind_::tuple)) {
        const auto& view = items[5]->items;
        if (view.size() != 3 || view[1]->integer < 0 || view[2]->integer < 0 ||
            std::uint64_t(view[1]->integer) > name.count ||
            std::uint64_t(view[2]->integer) > name.count - std::uint64_t(view[1]->integer))
            damaged("a view lies outside of its storage");
        name.offset = std::uint64_t(view[1]->integer);
        name.viewed = std::uint64_t(view[2]->integer);
    }
    return name;
}

TorchFile::TorchFile(std::string_view bytes) : bytes_(bytes) {
    if (Zip::is(bytes)) {
        openZip();
    } else if (isTar(bytes)) {
        throw Error(Kind::model,
                    "it was saved by a PyTorch from before 2017; load it and save it again with a "
                    "newer one");
    } else if (const auto start = afterMagic(bytes)) {
        openLegacy(*start);
    } else {
        throw Error(Kind::model,
                    "it is a Python pickle that PyTorch did not write; in Python, load it and save "
                    "its weights with torch.save");
    }
}

void TorchFile::openZip() {
    zip_.emplace(bytes_);
    constexpr std::string_view kPickle = "data.pkl";
    std::optional<std::string> found;  // the one that lies highest
    for (const auto& [name, member] : zip_->members()) {
        const auto slash = name.rfind('/');
        const std::size_t base = slash == std::string::npos ? 0 : slash + 1;
        if (name.substr(base) == kPickle && (!found || base < found->size()))
            found = name.substr(0, base);
    }
    if (!found) {
        const auto& members = zip_->members();
        const bool old = std::any_of(members.begin(), members.end(), [](const auto& entry) {
            return entry.first.ends_with("/model.json");
        });
        throw Error(Kind::model, old ? "it is a TorchScript archive of PyTorch before 1.4; load it "
                                       "and save it again with a newer one"
                                     : "it is a zip archive without weights of PyTorch");
    }
    folder_ = *found;
    script_ = zip_->has(folder_ + "constants.pkl");
    if (zip_->has(folder_ + "byteorder")) {
        const std::string_view order = zip_->read(folder_ + "byteorder");
        if (order != "little" && order != "big") damaged("its byte order is unknown");
        bigEndian_ = order == "big";
    }
    pickle_ = std::make_unique<Pickle>(zip_->read(folder_ + "data.pkl"));
}

// After the magic number: the version, facts on the machine, the object, the storages' keys, and
// for each of them the count of elements and these, always little-endian.
void TorchFile::openLegacy(std::size_t start) {
    std::string_view rest = bytes_.substr(start);
    for (int skipped = 0; skipped < 2; ++skipped) rest.remove_prefix(Pickle(rest).size());
    pickle_ = std::make_unique<Pickle>(rest);
    rest.remove_prefix(pickle_->size());
    std::map<std::string, StorageName> names;
    for (const Object* id : pickle_->persistent()) {
        const auto& items = id->arguments->items;
        if (!id->arguments->is(Object::Kind::tuple) || items.empty() || items[0]->text != "storage")
            continue;  // the source text of a module's class
        StorageName name = storageName(*id);
        names.emplace(name.key, std::move(name));
    }
    const Pickle keys(rest);
    rest.remove_prefix(keys.size());
    for (const Object* key : keys.top().items) {
        const auto found = names.find(std::string(key->text.substr(0, kMostKey)));
        if (!key->is(Object::Kind::text) || found == names.end())
            damaged("it has a storage that no tensor uses");
        const auto& [text, name] = *found;
        constexpr std::size_t kCount = 8;
        if (rest.size() < kCount) damaged("its weights are cut off");
        std::uint64_t count = 0;
        for (std::size_t i = kCount; i-- > 0;)
            count = count << 8 | static_cast<unsigned char>(rest[i]);
        rest.remove_prefix(kCount);
        const std::size_t size = name.type ? bytesOf(*name.type) : 1;
        if (count != name.count) damaged("the storage " + inQuotes(text) + " has another size");
        if (count > rest.size() / size) damaged("its weights are cut off");
        if (!storages_.emplace(text, rest.substr(0, count * size)).second)
            damaged("it has two storages " + inQuotes(text));
        rest.remove_prefix(count * size);
    }
}

std::string_view TorchFile::storage(const StorageName& name) {
    std::string_view found;
    const std::size_t size = name.type ? bytesOf(*name.type) : 1;
    if (zip_) {
        found = zip_->read(folder_ + "data/" + name.key);
    } else {
        const auto entry = storages_.find(name.key);
        if (entry == storages_.end()) damaged("the storage " + inQuotes(name.key) + " is missing");
        found = entry->second;
    }
    if (found.size() != name.count * size)
        damaged("the storage " + inQuotes(name.key) + " has another size");
    return found.substr(name.offset * size, name.viewed.value_or(name.count) * size);
}

}  // namespace acuity::weights
