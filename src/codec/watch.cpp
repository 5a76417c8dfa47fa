#include "codec/watch.h"

namespace acuity::codec {

Watch::Watch(const vips::VImage& image, const Cancel* cancel, std::function<void(double)> progress)
    : image_(vips_image_new()), cancel_(cancel), progress_(std::move(progress)) {
    VipsImage *in = image.get_image(), *out = image_.get_image();
    if (vips_image_pipelinev(out, in->dhint, in, nullptr) != 0 ||
        vips_image_generate(out, vips_start_one, pass, vips_stop_one, in, this) != 0)
        throw vips::VError();
    vips_image_set_progress(out, TRUE);
    signal_ = g_signal_connect(out, "eval", G_CALLBACK(evaluated), this);
    if (cancel_ && cancel_->requested()) vips_image_set_kill(out, TRUE);
}

Watch::~Watch() {
    g_signal_handler_disconnect(image_.get_image(), signal_);
    vips_image_set_progress(image_.get_image(), FALSE);
}

void Watch::finish() const {
    if (failed_) throw vips::VError();
    if (progress_) progress_(1);  // libvips may pass over the last step
}

int Watch::pass(VipsRegion* out, void* sequence, void*, void* watch, gboolean*) {
    auto* in = static_cast<VipsRegion*>(sequence);
    std::atomic<bool>& failed = static_cast<Watch*>(watch)->failed_;
    const VipsRect area = out->valid;
    if (!failed && vips_region_prepare(in, &area) == 0 &&
        vips_region_region(out, in, &area, area.left, area.top) == 0)
        return 0;
    failed = true;
    vips_region_black(out);
    return 0;
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
