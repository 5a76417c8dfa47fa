#include "codec/jpeg_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace acuity::codec {
namespace {

constexpr int kMostSegments = 10'000;
using Table = std::array<int, 64>;

/// Of luma at quality 50 (T.81, table K.1), in the zigzag order of files.
constexpr Table kUsual = {16, 11, 12,  14,  12,  10, 16, 14,  13,  14,  18,  17,  16, 19,  24,  40,
                          26, 24, 22,  22,  24,  49, 35, 37,  29,  40,  58,  51,  61, 60,  57,  51,
                          56, 55, 64,  72,  92,  78, 64, 68,  87,  69,  55,  56,  80, 109, 81,  87,
                          95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};

/// The usual table as the Independent JPEG Group's library scales it.
Table scaled(int quality) {
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    Table table;
    for (std::size_t i = 0; i < table.size(); i++)
        table[i] = std::clamp((kUsual[i] * scale + 50) / 100, 1, 255);
    return table;
}

int nearest(const Table& table) {
    int best = 0;
    double least = 1e9;
    for (int quality = 1; quality <= 100; quality++) {
        const Table usual = scaled(quality);
        double off = 0;  // relative, so that no frequency rules
        for (std::size_t i = 0; i < table.size(); i++)
            off += std::abs(std::log(double(std::max(1, table[i])) / usual[i]));
        if (off >= least) continue;
        least = off;
        best = quality;
    }
    return best;
}

/// The first table of a DQT segment's payload; false where it is cut short.
bool readTable(FILE* file, int length, Table& table) {
    const int kind = std::fgetc(file);
    const int bytes = kind >> 4 ? 2 : 1;
    if (kind == EOF || length < 1 + 64 * bytes) return false;
    for (int& value : table) {
        value = std::fgetc(file);
        if (bytes == 2) value = value << 8 | std::fgetc(file);
        if (value < 0) return false;
    }
    return true;
}

}  // namespace

int jpegQuality(const std::string& path) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) return 0;
    long at = 2;
    for (int segments = 0; segments < kMostSegments; segments++) {
        unsigned char mark[4];
        if (std::fseek(file.get(), at, SEEK_SET) != 0 || std::fread(mark, 1, 4, file.get()) != 4 ||
            mark[0] != 0xff)
            return 0;
        if (mark[1] == 0xff) {  // a fill byte
            at++;
            continue;
        }
        const int length = mark[2] << 8 | mark[3];
        if (mark[1] == 0xda) return 0;
        Table table;
        if (mark[1] == 0xdb && readTable(file.get(), length - 2, table)) return nearest(table);
        at += 2 + length;
    }
    return 0;
}

}  // namespace acuity::codec
