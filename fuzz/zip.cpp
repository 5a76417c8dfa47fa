#include "weights/zip.h"
#include "fuzz.h"

FUZZ(bytes) {
    acuity::weights::Zip zip(bytes);
    for (const auto& [name, member] : zip.members()) try {
            zip.read(name);
        } catch (const acuity::Error&) {  // the others may yet be whole
        }
}
