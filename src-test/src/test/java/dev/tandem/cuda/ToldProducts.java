package dev.tandem.cuda;

import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.Values;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.op.Op;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;

/** A CUDA backend on a software GPU of its own, which tells what it asks of cuBLAS. */
final class ToldProducts implements AutoCloseable {
  private final EmulatedDriver driver =
      EmulatedDriver.open(EmulatorOptions.standard().withMemory(1L << 28));
  private final List<Gemm> products = new ArrayList<>();
  private final List<String> modes = new ArrayList<>();
  private final CudaBackend backend;
  private Blas blas;

  ToldProducts(CudaOptions options) {
    Driver told =
        between(
            Driver.class,
            driver,
            (call, _, result) ->
                call.equals("devices")
                    ? driver.devices().stream().map(this::device).toList()
                    : result);
    backend = CudaBackend.open(told, 0, options);
  }

  private Device device(Device device) {
    return between(
        Device.class,
        device,
        (call, _, result) -> call.equals("open") ? context((Context) result) : result);
  }

  private Context context(Context context) {
    return between(
        Context.class,
        context,
        (call, _, result) -> {
          if (!call.equals("blas")) {
            return result;
          }
          blas = between(Blas.class, (Blas) result, this::tell);
          return blas;
        });
  }

  private Object tell(String call, Object[] arguments, Object result) {
    switch (call) {
      case "gemm" -> products.add((Gemm) arguments[0]);
      case "mathMode" -> modes.add(arguments[0] + " " + arguments[1]);
      default -> {} // the rest is not asked about
    }
    return result;
  }

  /** What is put in the place of a call's result. */
  private interface Instead {
    Object of(String call, Object[] arguments, Object result);
  }

  private static <T> T between(Class<T> type, T inner, Instead instead) {
    Object proxy =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              try {
                return instead.of(method.getName(), arguments, method.invoke(inner, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    return type.cast(proxy);
  }

  CudaBackend backend() {
    return backend;
  }

  Blas blas() {
    return blas;
  }

  /** The products asked for since it was asked last. */
  List<Gemm> products() {
    List<Gemm> since = List.copyOf(products);
    products.clear();
    return since;
  }

  /** The math modes set, each with whether sums are kept in full. */
  List<String> modes() {
    return modes;
  }

  /** Puts a tensor on the device, whatever its element type: memory is bytes, and an operand says what they are. */
  Operand upload(Values values) {
    Shape bytes = Shape.of(Math.toIntExact(values.type().bytes()));
    Buffer buffer = backend.allocate(new TensorType(DType.U8, bytes));
    backend.write(buffer, values.bytes());
    return new Operand(values.type(), buffer);
  }

  Values run(Op op, Values... inputs) {
    List<Operand> operands = new ArrayList<>();
    for (Values input : inputs) {
      operands.add(upload(input));
    }
    TensorType type = op.outputs(operands.stream().map(Operand::type).toList()).getFirst();
    Operand y = upload(Values.zeros(type));
    try {
      backend.run(op, operands, List.of(y));
      return Values.from(backend, y);
    } finally {
      operands.forEach(operand -> operand.buffer().close());
      y.buffer().close();
    }
  }

  @Override
  public void close() {
    backend.close();
    driver.close();
  }
}
