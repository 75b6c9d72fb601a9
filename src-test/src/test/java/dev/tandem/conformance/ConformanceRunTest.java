package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A check that finds nothing proves nothing: backends that are wrong in one way each must be found out. */
final class ConformanceRunTest {
  private static final String RELU = "relu";
  private static final String LOST = "cuda:0: the context is lost; end the process";

  /** What a call does beside, or instead of, what the CPU backend does. */
  private interface Sabotage {
    /** Before a call. */
    default void before(Method method, Object[] arguments) {}

    /** After an op or update. */
    default void after(String op, List<Operand> inputs, List<Operand> outputs) {}
  }

  private final Backend cpu = Backends.open("cpu", System.err::println);

  @AfterEach
  void close() {
    cpu.close();
  }

  @Test
  void theCpuBackendPassesAndItsLargestErrorIsTold() {
    List<Integer> heard = new ArrayList<>();
    Conformance conformance = new Conformance(Set.of("tanh", RELU, "adam")::contains);
    ConformanceResult result = conformance.run(cpu, heard::add);
    assertEquals(List.of(RELU, "tanh", "adam"), result.ops().stream().map(OpResult::op).toList());
    assertEquals(0, result.failed());
    assertEquals(Optional.empty(), result.lost());
    long halves = conformance.cases() - result.cases();
    assertTrue(cpu.supports(DType.BF16) ? halves == 0 : halves > 0, "the CPU has every other type");
    assertEquals(IntStream.range(0, conformance.cases()).boxed().toList(), heard);
    OpResult tanh = op(result, "tanh");
    assertTrue(tanh.fraction().value() > 0 && tanh.fraction().value() <= 1, tanh::toString);
    assertTrue(tanh.fraction().where().startsWith("tanh F"), tanh::toString);
    // BF16 rounds the largest of its results by up to half of 2^-8.
    assertTrue(tanh.error().value() > 0 && tanh.error().value() < 0x1p-8, tanh::toString);
    assertEquals(0, op(result, RELU).error().value(), "relu is exact");
  }

  @Test
  void aWrongElementIsFoundAndMeasured() {
    ConformanceResult result =
        run(
            new Sabotage() {
              @Override
              public void after(String op, List<Operand> inputs, List<Operand> outputs) {
                if (op.equals(RELU)) {
                  change(outputs.getFirst(), x -> x + 1);
                }
              }
            });
    OpResult relu = op(result, RELU);
    assertEquals(casesWithElements(RELU), relu.failed());
    assertEquals(relu.failed(), result.failed(), "the other ops are right");
    assertEquals(1, relu.error().value(), 1e-3);
    assertEquals(Double.POSITIVE_INFINITY, relu.fraction().value(), "relu allows no error");
    String failure = relu.failure().orElseThrow();
    assertTrue(failure.startsWith("relu F32 ()"), failure);
    assertTrue(failure.contains(", result 0: 1 of 1 elements differ, the worst at []"), failure);
  }

  @Test
  void aResultThatDiffersBetweenTwoRunsIsFound() {
    ConformanceResult result =
        run(
            new Sabotage() {
              private int calls;

              @Override
              public void after(String op, List<Operand> inputs, List<Operand> outputs) {
                if (op.equals("sigmoid") && ++calls % 2 == 0) {
                  change(outputs.getFirst(), Math::nextUp);
                }
              }
            });
    OpResult sigmoid = op(result, "sigmoid");
    assertEquals(result.failed(), sigmoid.failed());
    assertTrue(
        sigmoid.failure().orElseThrow().contains("result 0 differs between two runs, first at"),
        sigmoid::toString);
    assertTrue(sigmoid.fraction().value() < 1, "each alone is near enough");
  }

  @Test
  void inputsThatAreWrittenToAreFound() {
    ConformanceResult result =
        run(
            new Sabotage() {
              @Override
              public void after(String op, List<Operand> inputs, List<Operand> outputs) {
                if (op.equals("add") || op.equals("sgd")) {
                  change(inputs.get(1), x -> -1 - x);
                }
              }
            });
    assertTrue(
        op(result, "add").failure().orElseThrow().contains(", input 1 was written to, first at"),
        result::toString);
    assertEquals(casesWithElements("sgd"), op(result, "sgd").failed());
    assertTrue(
        op(result, "sgd").failure().orElseThrow().contains(", operand 1 was written to, first at"),
        result::toString);
  }

  @Test
  void anExceptionFailsItsCaseAndTheOthersAreRun() {
    long buffers = cpu.memory().buffers();
    ConformanceResult result =
        run(
            new Sabotage() {
              private boolean thrown;
              private boolean toldAgain;

              @Override
              public void before(Method method, Object[] arguments) {
                if (method.getName().equals("run") && arguments[0].toString().equals("Relu[]")) {
                  if (!thrown) {
                    thrown = true;
                    throw new BackendException("relu: the kernel failed, got 7; look at it");
                  }
                } else if (thrown && !toldAgain && method.getName().equals("allocate")) {
                  // As a device does, which tells of a failure at the next call once more.
                  toldAgain = true;
                  throw new BackendException("an earlier call failed");
                }
              }
            });
    assertEquals(Optional.empty(), result.lost());
    OpResult relu = op(result, RELU);
    assertEquals(1, relu.failed());
    assertTrue(relu.cases() > 1, relu::toString);
    assertTrue(
        relu.failure()
            .orElseThrow()
            .endsWith(", the backend failed: relu: the kernel failed, got 7; look at it"),
        relu::toString);
    assertEquals(1, result.failed());
    assertEquals(buffers, cpu.memory().buffers(), "what the failed case held is free");
  }

  @Test
  void aLostDeviceEndsTheRun() {
    ConformanceResult result =
        run(
            new Sabotage() {
              private boolean lost;

              @Override
              public void before(Method method, Object[] arguments) {
                lost |= method.getName().equals("run") && arguments[0].toString().equals("Relu[]");
                if (lost && !Set.of("supports", "name").contains(method.getName())) {
                  throw new BackendException(LOST);
                }
              }
            });
    assertEquals(Optional.of(LOST), result.lost());
    assertEquals(List.of("add", RELU), result.ops().stream().map(OpResult::op).toList());
    assertEquals(1, op(result, RELU).cases());
    assertEquals(1, result.failed());
  }

  @Test
  void casesOfOtherElementTypesAreNotRun() {
    int all =
        conformance()
            .run(sabotaged(new Sabotage() {}, Set.of(DType.F32, DType.F64)), _ -> {})
            .cases();
    Backend narrow = sabotaged(new Sabotage() {}, Set.of(DType.F32));
    ConformanceResult result = conformance().run(narrow, _ -> {});
    assertEquals(0, result.failed());
    assertEquals(all / 2, result.cases(), "each of these is there in F32 and in F64");
    ConformanceResult none = conformance().run(sabotaged(new Sabotage() {}, Set.of()), _ -> {});
    assertEquals(0, none.cases());
    assertEquals(4, none.ops().size(), "that an op has no case is told");
  }

  private ConformanceResult run(Sabotage sabotage) {
    return conformance().run(sabotaged(sabotage, supported()), _ -> {});
  }

  private Set<DType> supported() {
    return Arrays.stream(DType.values()).filter(cpu::supports).collect(Collectors.toSet());
  }

  private static Conformance conformance() {
    return new Conformance(Set.of("add", RELU, "sigmoid", "sgd")::contains);
  }

  private static OpResult op(ConformanceResult result, String name) {
    return result.ops().stream().filter(op -> op.op().equals(name)).findFirst().orElseThrow();
  }

  /** Only where there is an element can one be wrong. */
  private long casesWithElements(String name) {
    long ops =
        OpCases.all().stream()
            .filter(sample -> sample.op().name().equals(name))
            .flatMap(sample -> sample.dtypes().stream().filter(cpu::supports).map(sample::inputs))
            .filter(inputs -> inputs.getFirst().data().length > 0)
            .count();
    long updates =
        UpdateCases.all().stream()
            .filter(sample -> sample.update().name().equals(name))
            .flatMap(sample -> sample.dtypes().stream().filter(cpu::supports).map(sample::operands))
            .filter(operands -> operands.getFirst().data().length > 0)
            .count();
    return ops + updates;
  }

  private interface Change {
    double of(float x);
  }

  /** Changes the first element. */
  private void change(Operand operand, Change change) {
    Values values = Values.from(cpu, operand);
    if (values.data().length > 0) {
      values.data()[0] = change.of((float) values.data()[0]);
      cpu.write(operand.buffer(), values.bytes());
    }
  }

  private Backend sabotaged(Sabotage sabotage, Set<DType> dtypes) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              if (method.getName().equals("supports")) {
                return dtypes.contains(arguments[0]);
              }
              sabotage.before(method, arguments);
              Object answer;
              try {
                answer = method.invoke(cpu, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              switch (method.getName()) {
                case "run" ->
                    sabotage.after(
                        ((Op) arguments[0]).name(), operands(arguments[1]), operands(arguments[2]));
                case "update" ->
                    sabotage.after(
                        ((Update) arguments[0]).name(), operands(arguments[1]), List.of());
                default -> {}
              }
              return answer;
            });
  }

  private static List<Operand> operands(Object argument) {
    return ((List<?>) argument).stream().map(Operand.class::cast).toList();
  }
}
