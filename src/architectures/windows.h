// Attention in windows, which SwinIR and its descendants share. A network works on a map of tokens
// [1, height, width, channels] whose sides are multiples of the window. All sizes are computed
// inside the graph from the input's, so that one graph serves any input; the engine folds them once
// it knows the size.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "architectures/graph.h"
#include "architectures/state.h"

namespace acuity::architectures {

/// A map [1, channels, height, width] as tokens, and back. Both keep Value::channels.
Value tokensOf(Graph& graph, const Value& map);
Value mapOf(Graph& graph, const Value& tokens);

/// A linear layer or norm over the last axis with the weights PREFIX.weight and PREFIX.bias.
/// Throws Error(model) when they do not fit x.channels.
Value linear(Graph& graph, const State& state, const std::string& prefix, const Value& x);
Value norm(Graph& graph, const State& state, const std::string& prefix, const Value& x);

/// PREFIX.fc1, GELU, PREFIX.fc2.
Value mlp(Graph& graph, const State& state, const std::string& prefix, const Value& x);

/// A convolution with the weights PREFIX.weight and, where there is one, PREFIX.bias.
Value conv(Graph& graph, const State& state, const std::string& prefix, const Value& x,
           Convolution how = {});

/// One convolution "PREFIX.weight", or three "PREFIX.0", ".2", ".4" with leaky ReLUs between.
Value residualConv(Graph& graph, const State& state, const std::string& prefix, const Value& x);

/// The side of the windows from the rows of a relative position table, (2 side - 1)^2.
int windowSide(const State& state, const std::string& table);

/// Windows over a picture that is padded to whole ones.
class Windows {
  public:
    /// Mirrors `picture` rightwards and downwards as its authors do, on and on where it is smaller
    /// than the window. Throws Error(model) when the side is not 1 to 32.
    Windows(Graph& graph, const Value& picture, int side);

    int side() const { return side_; }
    const Value& picture() const { return picture_; }  // padded
    /// What of an enlarged map is not padding.
    Value cut(const Value& enlarged);

    /// Tokens [1, height, width, channels] -> [windows, side * side, channels].
    Value partition(const Value& tokens) { return partition(tokens, side_); }
    /// Its inverse.
    Value reverse(const Value& windows);
    /// Windows of `outer` >= side pixels around the same centres, zeros beyond the border.
    Value overlapping(const Value& tokens, int outer);
    /// Moves tokens up and to the left, around the border; back with a negative number.
    Value roll(const Value& tokens, int by);

    /// The bias in `table` by the distance between key and query, [1, heads, side^2, outer^2].
    Value positionBias(const State& state, const std::string& table, int outer);

    /// Multi-head attention of queries [windows, side^2, channels] to keys and values
    /// [windows, any, channels]; `bias` is added to the logits, which `bound` then cuts off. Does
    /// not move the reach.
    Value attend(const Value& queries, const Value& keys, const Value& values, int heads,
                 const Value& bias, const Value* bound = nullptr);

    /// Self-attention with the weights PREFIX.qkv, PREFIX.proj and
    /// PREFIX.relative_position_bias_table in windows moved by `shift`.
    Value selfAttention(const State& state, const std::string& prefix, const Value& tokens,
                        int shift);
    /// A whole block of Swin: norm1, attn, norm2, mlp. `beside`, if any, is given the normed tokens
    /// and adds to the attention's result.
    Value block(const State& state, const std::string& prefix, const Value& tokens, int shift,
                const std::function<Value(const Value&)>& beside = nullptr);

  private:
    Value partition(const Value& tokens, int side);
    Value mirrored(const Value& picture, int axis);
    Value indices(int outer);   // of the position tables
    const Value& mask(int by);  // [windows, 1, side^2, side^2]: least between parts rolled together
    Value shape(std::vector<Value> parts);  // int64 vectors in a row
    Value range(const Value& end);          // 0, 1... to end [1], int64

    Graph& graph_;
    int side_;
    Value picture_;
    Value size_;            // [2]: height and width of the input, int64
    Value rows_, columns_;  // [1]: of windows
    Value height_, width_;  // [1]: padded
    std::map<int, Value> masks_, indices_;
};

/// Mean and range around a network of this lineage: (x - mean) * range.
struct Normalisation {
    Value mean;
    float range = 1;
    bool colour = true;

    /// `channels` 3: the means of DIV2K; else none.
    Normalisation(Graph& graph, int channels, double range);
    Value in(Graph& graph, const Value& x) const;
    Value out(Graph& graph, const Value& x) const;
};

/// The end that large models share: conv_before_upsample.0, leaky ReLU, "upsample.0", ".2"... each
/// with a pixel shuffle, conv_last.
Value shuffledUp(Graph& graph, const State& state, const Value& x);

/// The frame that SwinIR, HAT and DRCT share: patch_embed.norm where there is one, `layers` layers,
/// norm; from map to map.
Value deepFeatures(
    Graph& graph, const State& state, const Value& x, int layers,
    const std::function<Value(const Value& tokens, const std::string& prefix)>& layer);

}  // namespace acuity::architectures
