package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.ptx.machine.Finding;
import java.lang.foreign.MemorySegment;

/** The software GPU's memory as its matrix products see it. */
record BlasMemory(EmulatedGpu gpu) implements EmulatedBlas.Memory {
  @Override
  public MemorySegment read(long address, long bytes) {
    return gpu.bytes("read", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, address, bytes, false);
  }

  @Override
  public MemorySegment write(long address, long bytes) {
    return gpu.bytes("write", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, address, bytes, true);
  }

  @Override
  public long firstUnwritten(long address, long bytes) {
    return gpu.memory().firstUnwritten(address, bytes);
  }

  @Override
  public void readUnwritten(String what, long address) {
    gpu.sanitizer()
        .report(
            Finding.ofHost(
                Finding.Kind.UNINITIALISED,
                address,
                what + " is read, and nothing has written it"));
  }
}
