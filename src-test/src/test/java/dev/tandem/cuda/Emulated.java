package dev.tandem.cuda;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.Values;
import dev.tandem.op.Op;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;

/** A CUDA backend of a test's own on a software GPU of its own. */
final class Emulated implements AutoCloseable {
  private final EmulatedDriver driver;
  private final CudaBackend backend;

  private Emulated(EmulatedDriver driver, CudaOptions options) {
    this.driver = driver;
    this.backend = CudaBackend.open(driver, 0, options);
  }

  /** As a real device is used: memory is kept and handed out again. */
  static Emulated open() {
    return open(CudaOptions.standard("cuda-emulated"), 1L << 30);
  }

  static Emulated open(CudaOptions options, long deviceBytes) {
    return open(options, EmulatorOptions.standard().withMemory(deviceBytes));
  }

  static Emulated open(CudaOptions options, EmulatorOptions device) {
    return new Emulated(EmulatedDriver.open(device), options);
  }

  CudaBackend backend() {
    return backend;
  }

  EmulatedDriver driver() {
    return driver;
  }

  /** Runs an op and gives its results. */
  static List<Values> run(Backend backend, Op op, Values... inputs) {
    List<Operand> operands = new ArrayList<>();
    List<TensorType> types = new ArrayList<>();
    for (Values input : inputs) {
      operands.add(input.on(backend));
      types.add(input.type());
    }
    List<Operand> outputs =
        op.outputs(types).stream().map(type -> new Operand(type, backend.allocate(type))).toList();
    try {
      backend.run(op, operands, outputs);
      return outputs.stream().map(output -> Values.from(backend, output)).toList();
    } finally {
      operands.forEach(operand -> operand.buffer().close());
      outputs.forEach(operand -> operand.buffer().close());
    }
  }

  @Override
  public void close() {
    backend.close();
    driver.close();
  }
}
