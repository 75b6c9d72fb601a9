package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import dev.tandem.cuda.CudaBackend;
import dev.tandem.cuda.CudaOptions;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.ArrayList;
import java.util.List;

/** The backends of this machine, opened once a run; closed by the JVM's end, for tests share them. */
public final class TestBackends {
  /** The name of the CUDA backend on the software GPU. */
  static final String EMULATED = "cuda-emulated";

  private static final List<Backend> AVAILABLE = open();

  private TestBackends() {}

  /** One backend of each kind that can be used here, and the CUDA backend on the software GPU. */
  public static List<Backend> available() {
    return AVAILABLE;
  }

  /** The CUDA backend on the software GPU, each tensor in memory of its own, so that the sanitizer sees its life. */
  private static Backend emulated() {
    EmulatorOptions gpu = EmulatorOptions.standard().withMemory(1L << 30);
    return CudaBackend.open(
        EmulatedDriver.open(gpu), 0, CudaOptions.standard(EMULATED).withCaching(false));
  }

  private static List<Backend> open() {
    List<Backend> backends = new ArrayList<>();
    for (BackendProvider provider : Backends.providers()) {
      if (provider.probe().usable()) {
        backends.add(provider.open(0));
      }
    }
    // What a GPU computes does not depend on the CPU's vectors: runs at other widths go without.
    if (Flag.VECTOR_BITS.value().isEmpty()) {
      backends.add(emulated());
    }
    return List.copyOf(backends);
  }
}
