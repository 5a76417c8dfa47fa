// From an entry of the catalogue to a model in the user's folder.
#pragma once

#include <functional>
#include <string>

#include "base/cancel.h"
#include "model/catalogue_file.h"
#include "model/library.h"

namespace acuity::model {

/// Fetches the entry's files, checks and adds them. What has arrived when it breaks off lies in the
/// hidden folder .NAME.part of the user's folder, where no model is looked for, and is taken up by
/// the next call. `arrived` gets the bytes so far, of all files together.
/// Throws Error: usage where the name is taken, model, output, cancelled.
OwnModel pull(const Entry& entry, engine::Engine& engine,
              const std::function<void(std::uint64_t)>& arrived, const Cancel& cancel);

/// Whether the user has agreed, here and once, to the licence of a non-commercial model.
bool hasConsent(const Entry& entry);
void rememberConsent(const Entry& entry);

}  // namespace acuity::model
