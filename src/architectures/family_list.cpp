// Every family, in the order in which they are tried: the pickier first. A new one takes two lines.
#include "architectures/families.h"

namespace acuity::architectures {

// clang-format off
bool fitsEsrgan(const State&); Network buildEsrgan(const Source&);
bool fitsSpan(const State&); Network buildSpan(const Source&);
bool fitsMdsr(const State&); Network buildMdsr(const Source&);
bool fitsEdsr(const State&); Network buildEdsr(const Source&);
bool fitsCarn(const State&); Network buildCarn(const Source&);
bool fitsRcan(const State&); Network buildRcan(const Source&);
bool fitsRlfn(const State&); Network buildRlfn(const Source&);
bool fitsRfdn(const State&); Network buildRfdn(const Source&);
bool fitsImdn(const State&); Network buildImdn(const Source&);
bool fitsSrcnn(const State&); Network buildSrcnn(const Source&);
bool fitsVdsr(const State&); Network buildVdsr(const Source&);
bool fitsFsrcnn(const State&); Network buildFsrcnn(const Source&);
bool fitsEspcn(const State&); Network buildEspcn(const Source&);
bool fitsLapsrn(const State&); Network buildLapsrn(const Source&);
bool fitsPan(const State&); Network buildPan(const Source&);
bool fitsSafmn(const State&); Network buildSafmn(const Source&);
bool fitsSafmnPlus(const State&); Network buildSafmnPlus(const Source&);
bool fitsSwinIR(const State&); Network buildSwinIR(const Source&);
bool fitsHat(const State&); Network buildHat(const Source&);
bool fitsDrct(const State&); Network buildDrct(const Source&);
bool fitsDitn(const State&); Network buildDitn(const Source&);
bool fitsRealCugan(const State&); Network buildRealCugan(const Source&);
bool fitsCunet(const State&); Network buildCunet(const Source&);
bool fitsUpConv7(const State&); Network buildUpConv7(const Source&);
bool fitsSrmd(const State&); Network buildSrmd(const Source&);
bool fitsCompact(const State&); Network buildCompact(const Source&);

const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {"ESRGAN", fitsEsrgan, buildEsrgan},
        {"SPAN", fitsSpan, buildSpan},
        {"MDSR", fitsMdsr, buildMdsr},
        {"EDSR", fitsEdsr, buildEdsr},
        {"CARN", fitsCarn, buildCarn},
        {"RCAN", fitsRcan, buildRcan},
        {"RLFN", fitsRlfn, buildRlfn},
        {"RFDN", fitsRfdn, buildRfdn},
        {"IMDN", fitsImdn, buildImdn},
        {"SRCNN", fitsSrcnn, buildSrcnn},
        {"VDSR", fitsVdsr, buildVdsr},
        {"FSRCNN", fitsFsrcnn, buildFsrcnn},
        {"ESPCN", fitsEspcn, buildEspcn},
        {"LapSRN", fitsLapsrn, buildLapsrn},
        {"PAN", fitsPan, buildPan},
        {"SAFMN", fitsSafmn, buildSafmn},
        {"SAFMN++", fitsSafmnPlus, buildSafmnPlus},
        {"SwinIR", fitsSwinIR, buildSwinIR},
        {"HAT", fitsHat, buildHat},
        {"DRCT", fitsDrct, buildDrct},
        {"DITN", fitsDitn, buildDitn},
        {"Real-CUGAN", fitsRealCugan, buildRealCugan},  // has all that CUNet has
        {"waifu2x CUNet", fitsCunet, buildCunet},
        {"waifu2x UpConv7", fitsUpConv7, buildUpConv7},
        {"SRMD", fitsSrmd, buildSrmd},
        {"Compact", fitsCompact, buildCompact},
    };
    return all;
}
// clang-format on

}  // namespace acuity::architectures
