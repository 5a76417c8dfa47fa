#include "ops/network.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/files.h"
#include "ops/planar.h"
#include "ops/tile_grid.h"

namespace acuity::ops {
namespace {

constexpr int kSmallestTile = 32;

/// One more than the engine computes at a time: the other one converts samples meanwhile.
int workerCount(const model::Runner& runner) {
    return runner.settings().streams + 1;
}

/// Tiles computed beyond those asked for: the next row, and never so few that a worker idles.
int readAhead(const TileGrid& grid, int workers) {
    return std::min(grid.count(), std::max(grid.columns(), 2 * workers));
}

/// Tiles waiting to be read, and those that workers are at.
std::uint64_t tileBytes(const TileGrid& grid, int bytesPerPixel, int scale, int workers,
                        int rowsKept) {
    const auto tiles =
        std::min(grid.count(), rowsKept * grid.columns() + readAhead(grid, workers) + 2 * workers);
    return std::uint64_t(tiles) * grid.tileWidth() * grid.tileHeight() * scale * scale *
           bytesPerPixel;
}

/// The engine's tensors, and the activations of a network of the usual 64 channels.
std::uint64_t engineBytes(const TileGrid& grid, int scale, int streams) {
    constexpr std::uint64_t kActivations = 64 * sizeof(float) * 3;
    const std::uint64_t tensors = 3 * sizeof(float) * std::uint64_t(1 + scale * scale);
    const auto pixels = std::uint64_t(grid.inputWidth()) * std::uint64_t(grid.inputHeight());
    return pixels * (std::uint64_t(streams + 1) * tensors + std::uint64_t(streams) * kActivations);
}

/// Planes turned and flipped: `turn` 0 to 7, bit 2 transposes, bit 1 flips rows, bit 0 columns.
/// Square planes of `side`. With `back` the inverse is applied.
void turned(const float* from, int side, int turn, bool back, float* to) {
    const std::size_t area = std::size_t(side) * side;
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++) {
                int sy = y, sx = x;
                if (turn & 4) std::swap(sy, sx);
                if (turn & 2) sy = side - 1 - sy;
                if (turn & 1) sx = side - 1 - sx;
                const std::size_t here = c * area + std::size_t(y) * side + x;
                const std::size_t there = c * area + std::size_t(sy) * side + sx;
                if (back) {
                    to[there] += from[here];
                } else {
                    to[here] = from[there];
                }
            }
}

class NetworkOp {
  public:
    NetworkOp(const vips::VImage& in, std::shared_ptr<model::Runner> runner, const TileGrid& grid,
              const NetworkOptions& options)
        : in_(in),
          runner_(std::move(runner)),
          grid_(grid),
          options_(options),
          type_{in.format(), in.bands()},
          scale_(runner_->facts().scale),
          compiled_(runner_->compiled(grid.inputHeight(), grid.inputWidth())),
          pool_(
              poolSize(grid, workerCount(*runner_), options), [this] { return worker(); },
              options.cancel, options.recent) {}

    void keepFailure() const {
        if (options_.failure) options_.failure->keep();
    }

    /// Copies a rectangle of the result from finished tiles.
    void fill(VipsRegion* out) {
        const VipsRect& r = out->valid;
        int left = grid_.column(r.left / scale_), top = grid_.row(r.top / scale_);
        int right = grid_.column((r.left + r.width - 1) / scale_);
        int bottom = grid_.row((r.top + r.height - 1) / scale_);
        if (options_.part) {
            // All of it will be asked for: at once, so that no worker waits for the next strip.
            const Rect& part = *options_.part;
            left = std::min(left, grid_.column(part.left));
            top = std::min(top, grid_.row(part.top));
            right = std::max(right, grid_.column(part.right() - 1));
            bottom = std::max(bottom, grid_.row(part.bottom() - 1));
        }
        const int columns = right - left + 1, rows = bottom - top + 1;
        const auto tiles = pool_.get(left, top, columns, rows);
        for (int i = 0; i < int(tiles.size()); i++) {
            const Rect t = grid_.tile((top + i / columns) * grid_.columns() + left + i % columns);
            const int x0 = std::max(r.left, t.left * scale_);
            const int x1 = std::min(r.left + r.width, t.right() * scale_);
            if (x1 <= x0) continue;
            const int y1 = std::min(r.top + r.height, t.bottom() * scale_);
            const std::size_t pixel = std::size_t(type_.bytes()), stride = pixel * t.width * scale_;
            for (int y = std::max(r.top, t.top * scale_); y < y1; y++)
                std::memcpy(VIPS_REGION_ADDR(out, x0, y),
                            tiles[i]->data() + (y - t.top * scale_) * stride +
                                (x0 - t.left * scale_) * pixel,
                            pixel * std::size_t(x1 - x0));
        }
    }

  private:
    /// What one thread needs to compute tiles.
    struct Worker {
        std::unique_ptr<engine::Request> request;
        std::vector<float> planes, sum, turned, rows;
        std::optional<CubicSkip> skip;
    };

    static TilePool::Size poolSize(const TileGrid& grid, int workers,
                                   const NetworkOptions& options) {
        if (!options.part)
            return {grid.columns(), grid.rows(), workers, readAhead(grid, workers),
                    options.rowsKept};
        const Rect& part = *options.part;
        const int rows = grid.row(part.bottom() - 1) - grid.row(part.top) + 1;
        return {grid.columns(), grid.rows(), workers, 0, rows + 1};
    }

    TilePool::Compute worker() {
        auto worker = std::make_shared<Worker>();
        worker->request = compiled_->request();
        worker->planes.resize(std::size_t(3) * grid_.inputWidth() * grid_.inputHeight());
        if (runner_->facts().skip == model::Skip::bicubic) worker->skip.emplace(scale_);
        if (options_.tta) {
            worker->turned.resize(worker->planes.size());
            worker->sum.resize(worker->planes.size() * scale_ * scale_);
        }
        return [this, worker](int index) { return compute(*worker, index); };
    }

    std::vector<std::uint8_t> compute(Worker& worker, int index) {
        const Rect tile = grid_.tile(index);
        std::vector<std::uint8_t> bytes(std::size_t(type_.bytes()) * tile.width * scale_ *
                                        tile.height * scale_);
        if (options_.wanted && !options_.wanted(tile)) return bytes;
        read(index, worker.planes.data());
        const auto flat = options_.flatIsFlat ? flatValue(worker.planes) : std::nullopt;
        if (flat) {
            std::vector<float> row(std::size_t(tile.width) * scale_, *flat);
            for (int y = 0; y < tile.height * scale_; y++)
                writeRow(row.data(), row.data(), row.data(), tile.width * scale_, type_,
                         bytes.data() + std::size_t(y) * tile.width * scale_ * type_.bytes());
            return bytes;
        }
        const float* result = options_.tta ? inferAllTurns(worker) : infer(worker, worker.planes);
        count(tile);
        write(worker, tile, result, bytes.data());
        return bytes;
    }

    void read(int index, float* planes) {
        const Rect needed = grid_.needed(index);
        VipsRegion* region = vips_region_new(in_.get_image());
        const VipsRect area{needed.left, needed.top, needed.width, needed.height};
        if (vips_region_prepare(region, &area)) {
            g_object_unref(region);
            throw Error(Kind::input, "the picture's pixels could not be computed");
        }
        readPlanes(region, type_, in_.width(), in_.height(), grid_.input(index), planes);
        g_object_unref(region);
    }

    static std::optional<float> flatValue(const std::vector<float>& planes) {
        const float first = planes.front();
        const bool flat =
            std::all_of(planes.begin(), planes.end(), [first](float v) { return v == first; });
        return flat ? std::optional(first) : std::nullopt;
    }

    /// Damaged weights, or numbers too large for the precision, would pass for black.
    void checkNumbers(const std::vector<float>& planes, const float* values) const {
        const auto allFinite = [](const float* from, std::size_t count) {
            bool bad = false;
            for (std::size_t i = 0; i < count; i++) bad |= !(from[i] - from[i] == 0);
            return !bad;
        };
        if (!allFinite(values, planes.size() * scale_ * scale_) &&
            allFinite(planes.data(), planes.size()))
            throw Error(Kind::model, "what " + inQuotes(runner_->model().name) +
                                         " makes of this picture is no numbers; its file may be "
                                         "damaged, or want --precision f32");
    }

    const float* infer(Worker& worker, const std::vector<float>& planes) {
        std::copy(planes.begin(), planes.end(), worker.request->input());
        const auto began = std::chrono::steady_clock::now();
        worker.request->run();
        const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
        if (options_.stats) options_.stats->busy += took.count();
        checkNumbers(planes, worker.request->output());
        return worker.request->output();
    }

    const float* inferAllTurns(Worker& worker) {
        const int side = grid_.inputWidth();
        std::fill(worker.sum.begin(), worker.sum.end(), 0.0f);
        for (int turn = 0; turn < 8; turn++) {
            turned(worker.planes.data(), side, turn, false, worker.turned.data());
            turned(infer(worker, worker.turned), side * scale_, turn, true, worker.sum.data());
        }
        for (float& v : worker.sum) v *= 0.125f;
        return worker.sum.data();
    }

    void count(const Rect& tile) {
        if (!options_.stats) return;
        const int times = options_.tta ? 8 : 1;
        options_.stats->tiles += times;
        options_.stats->computed += std::int64_t(times) * grid_.inputWidth() * grid_.inputHeight();
        options_.stats->useful += std::int64_t(times) * tile.width * tile.height;
    }

    /// Cuts the halo off, adds the skip and stores samples.
    void write(Worker& worker, const Rect& tile, const float* result, std::uint8_t* bytes) {
        const int halo = grid_.halo(), inStride = grid_.inputWidth(), outStride = inStride * scale_;
        const std::size_t inArea = std::size_t(inStride) * grid_.inputHeight();
        const std::size_t outArea = inArea * scale_ * scale_;
        const int wide = tile.width * scale_;
        worker.rows.resize(std::size_t(3) * wide);
        for (int y = 0; y < tile.height * scale_; y++) {
            for (int c = 0; c < 3; c++) {
                const float* from = result + c * outArea +
                                    std::size_t(y + halo * scale_) * outStride + halo * scale_;
                float* row = worker.rows.data() + std::size_t(c) * wide;
                std::copy(from, from + wide, row);
                if (worker.skip)
                    worker.skip->addRow(worker.planes.data() + c * inArea, inStride,
                                        y + halo * scale_, halo, tile.width, row);
            }
            const float* row = worker.rows.data();
            writeRow(row, row + wide, row + 2 * wide, wide, type_,
                     bytes + std::size_t(y) * wide * type_.bytes());
        }
    }

    const vips::VImage in_;
    const std::shared_ptr<model::Runner> runner_;
    const TileGrid grid_;
    const NetworkOptions options_;
    const SampleType type_;
    const int scale_;
    const std::shared_ptr<engine::Compiled> compiled_;
    TilePool pool_;  // last: its threads end before what they use
};

/// libvips' C callback: nothing may be thrown through it.
int generate(VipsRegion* out, void*, void*, void* data, gboolean*) {
    auto* op = static_cast<NetworkOp*>(data);
    try {
        op->fill(out);
        return 0;
    } catch (const std::exception& error) {
        op->keepFailure();
        vips_error("acuity", "%s", error.what());
        return -1;
    }
}

}  // namespace

vips::VImage network(const vips::VImage& in, std::shared_ptr<model::Runner> runner,
                     NetworkOptions options) {
    const model::Facts& facts = runner->facts();
    const int bytes = int(vips_format_sizeof(in.format())) * in.bands();
    // All of a part is held at once: one that is too large is computed like the whole.
    if (options.part &&
        double(options.part->width) * options.part->height * facts.scale * facts.scale * bytes >
            double(options.memory))
        options.part.reset();
    int halo = std::max(facts.halo, facts.skip == model::Skip::bicubic ? 2 : 0);
    // Every tile's input begins at a multiple of what the network lays over it (windows, grids).
    halo = (halo + facts.align - 1) / facts.align * facts.align;
    const bool fixed = facts.fixedWidth > 0;
    if (fixed && options.tta && facts.fixedWidth != facts.fixedHeight)
        throw Error(Kind::usage, "this model takes no turned pictures: leave --tta away");
    const auto gridFor = [&](int tile) {
        if (fixed)
            return TileGrid::fixed(in.width(), in.height(), facts.fixedWidth - 2 * halo,
                                   facts.fixedHeight - 2 * halo, halo);
        if (options.part)
            return TileGrid::over(*options.part, in.width(), in.height(), tile, halo, facts.align,
                                  runner->settings().streams, options.tta);
        return TileGrid(in.width(), in.height(), tile, halo, facts.align, options.tta);
    };
    const auto needed = [&](int tile) {
        const TileGrid grid = gridFor(tile);
        return tileBytes(grid, bytes, facts.scale, workerCount(*runner), options.rowsKept) +
               engineBytes(grid, facts.scale, runner->settings().streams);
    };
    // Rows of smaller tiles need less memory, at the price of more halo.
    int tile = std::max(1, options.tile);
    while (!fixed && !options.part && needed(tile) > options.memory && tile > kSmallestTile)
        tile = std::max(kSmallestTile, tile * 7 / 8);
    if (!options.part && needed(tile) > options.memory)
        throw Error(Kind::usage,
                    "the memory allowed is too small for so wide a picture; "
                    "raise --memory");

    auto* op = new NetworkOp(in, std::move(runner), gridFor(tile), options);
    VipsImage* out = vips_image_new();
    vips::VImage result(out);
    g_object_set_data_full(G_OBJECT(out), "acuity-network", op,
                           [](void* p) { delete static_cast<NetworkOp*>(p); });
    if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_FATSTRIP, in.get_image(), nullptr))
        throw Error(Kind::internal, "libvips refused the image operation");
    out->Xsize = in.width() * facts.scale;
    out->Ysize = in.height() * facts.scale;
    if (vips_image_generate(out, nullptr, generate, nullptr, nullptr, op))
        throw Error(Kind::internal, "libvips refused the image operation");
    return result;
}

}  // namespace acuity::ops
