#include "codec/watch.h"

namespace acuity::codec {

Watch::Watch(const vips::VImage& image, const Cancel* cancel, std::function<void(double)> progress)
    : image_(image), cancel_(cancel), progress_(std::move(progress)) {
    vips_image_set_progress(image_.get_image(), TRUE);
    signal_ = g_signal_connect(image_.get_image(), "eval", G_CALLBACK(evaluated), this);
    if (cancel_ && cancel_->requested()) vips_image_set_kill(image_.get_image(), TRUE);
}

Watch::~Watch() {
    g_signal_handler_disconnect(image_.get_image(), signal_);
    vips_image_set_progress(image_.get_image(), FALSE);
}

void Watch::evaluated(VipsImage*, VipsProgress* progress, Watch* watch) {
    if (watch->cancel_ && watch->cancel_->requested())
        vips_image_set_kill(watch->image_.get_image(), TRUE);
    if (!watch->progress_ || progress->tpels <= 0) return;
    try {
        watch->progress_(static_cast<double>(progress->npels) /
                         static_cast<double>(progress->tpels));
    } catch (...) {  // nothing may fly through libvips
        vips_image_set_kill(watch->image_.get_image(), TRUE);
    }
}

}  // namespace acuity::codec
