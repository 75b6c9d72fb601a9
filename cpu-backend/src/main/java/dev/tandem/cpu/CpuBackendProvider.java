package dev.tandem.cpu;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Flag;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the CPU backend, which every machine can run. */
public final class CpuBackendProvider implements BackendProvider {
  private static final Logger LOG = LoggerFactory.getLogger(CpuBackendProvider.class);
  private static final AtomicBoolean HINTED = new AtomicBoolean();

  @Override
  public String kind() {
    return "cpu";
  }

  @Override
  public int preference() {
    return 0;
  }

  @Override
  public Availability probe() {
    if (Vectorization.problem() != null) {
      return Availability.no(Vectorization.problem());
    }
    try {
      threads();
      return Availability.yes(Vectorization.reason());
    } catch (IllegalArgumentException e) {
      return Availability.no(e.getMessage());
    }
  }

  @Override
  public long blockBytes(TensorType type) {
    return BufferPool.blockBytes(type);
  }

  @Override
  public List<String> diagnosis() {
    Availability availability = probe();
    return List.of(
        "Java " + Runtime.version() + " on " + System.getProperty("os.arch"),
        availability.usable()
            ? availability.reason() + ", " + threads() + " threads"
            : availability.reason());
  }

  @Override
  public Backend open(int device) {
    if (device != 0) {
      throw new BackendException(
          "cpu: no such device, got cpu:" + device + "; all cores together are cpu:0");
    }
    if (Vectorization.problem() != null) {
      throw new BackendException("cpu: " + Vectorization.problem());
    }
    boolean asked = Flag.VECTOR_BITS.value().isPresent();
    if (!Vectorization.available() && !asked && !HINTED.getAndSet(true)) {
      LOG.warn("cpu: {}", Vectorization.reason());
    }
    return new CpuBackend(threads());
  }

  private static int threads() {
    int threads = Flag.THREADS.number(Runtime.getRuntime().availableProcessors());
    if (threads < 1) {
      throw new IllegalArgumentException(
          "TANDEM_THREADS: needs a thread, got " + threads + "; give 1 or more");
    }
    return threads;
  }
}
