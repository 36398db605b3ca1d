"""An experiment pipeline that answers whether and how to rebalance a table, and what you gain."""

import os
import platform

# Before numpy loads, and whatever a shell has set: one BLAS thread a process, since processes side by side fight over
# cores, and instruction sets that every x86-64 machine of the last ten years has, so that the last bits agree.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.update(OPENBLAS_CORETYPE="Haswell", NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR")
