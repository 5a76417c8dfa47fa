#include "weights/pickle.h"
#include "fuzz.h"

FUZZ(bytes) {
    acuity::weights::Pickle pickle(bytes);
}
