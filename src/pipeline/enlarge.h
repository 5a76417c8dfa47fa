// Work to image graph: the result streams when it is saved.
#pragma once

#include <optional>

#include "base/failure.h"
#include "ops/network.h"
#include "pipeline/work.h"

namespace acuity::pipeline {

struct RunFacts {
    std::shared_ptr<ops::NetworkStats> stats = std::make_shared<ops::NetworkStats>();
    std::shared_ptr<Failure> failure = std::make_shared<Failure>();
    /// Given: the part of the result that will be asked for, when it is not all.
    std::optional<ops::Rect> part;
    int tile = 0;           // side used by the first network, 0 without one
    std::string precision;  // "bf16" or "f32", "" without a network
};

/// `picture` must have been decoded to random access. `memory` bounds what the operations hold.
codec::Picture enlarge(const codec::Picture& picture, const Work& work, Session& session,
                       std::uint64_t memory, RunFacts& facts);

/// The same at once, for one who has a picture and wants a picture: its frames are in random
/// access.
codec::Picture enlarged(const codec::Picture& picture, const Work& work, Session& session);

}  // namespace acuity::pipeline
