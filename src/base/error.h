// Error belongs to the public interface; inside it is reached through here.
#pragma once

#include "acuity/error.h"
