package dev.tandem.cli;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;

/** The CPU backend, except that gelu_tanh is off by one in its first element, sum throws, and exp loses the device. */
final class FaultyBackend implements InvocationHandler {
  static final String KIND = "faulty";
  static final String LOST = "faulty: the device is lost, got an exp; end the process";

  private final Backend cpu = Backends.open("cpu", System.err::println);
  private boolean lost;

  /** Opens it. */
  public static final class Provider implements BackendProvider {
    @Override
    public String kind() {
      return KIND;
    }

    @Override
    public int preference() {
      return -1;
    }

    @Override
    public Availability probe() {
      return Availability.yes("always there");
    }

    @Override
    public long blockBytes(TensorType type) {
      return type.bytes();
    }

    @Override
    public List<String> diagnosis() {
      return List.of(probe().reason());
    }

    @Override
    public Backend open(int device) {
      return (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, new FaultyBackend());
    }
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    String op = method.getName().equals("run") ? ((Op) arguments[0]).name() : "";
    lost |= op.equals("exp");
    if (lost && List.of("run", "allocate", "read", "write", "finish").contains(method.getName())) {
      throw new BackendException(LOST);
    }
    if (op.equals("sum")) {
      Operand x = (Operand) ((List<?>) arguments[1]).getFirst();
      throw new BackendException("sum: out of order, got " + x.type() + "; mend it");
    }
    Object answer;
    try {
      answer = method.getName().equals("name") ? KIND : method.invoke(cpu, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if (op.equals("gelu_tanh")) {
      addOne((Operand) ((List<?>) arguments[2]).getFirst());
    }
    return answer;
  }

  private void addOne(Operand y) {
    if (y.elements() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(y.type().bytes(), Long.BYTES);
      cpu.read(y.buffer(), host);
      if (y.dtype() == DType.F32) {
        host.set(ValueLayout.JAVA_FLOAT, 0, host.get(ValueLayout.JAVA_FLOAT, 0) + 1);
      } else {
        host.set(ValueLayout.JAVA_DOUBLE, 0, host.get(ValueLayout.JAVA_DOUBLE, 0) + 1);
      }
      cpu.write(y.buffer(), host);
    }
  }
}
