package dev.tandem.ptx;

import java.lang.foreign.MemorySegment;

/** The software GPU's memory as its matrix products see it. */
record BlasMemory(EmulatedGpu gpu) implements EmulatedBlas.Memory {
  @Override
  public MemorySegment read(long address, long bytes) {
    return gpu.memory().read(address, bytes);
  }

  @Override
  public MemorySegment write(long address, long bytes) {
    return gpu.memory().write(address, bytes);
  }
}
