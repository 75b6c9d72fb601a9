package dev.tandem.backend;

import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A backend beside which a second one, its shadow, does each op and update again ({@code TANDEM_SHADOW=cpu}). The first
 * call whose results differ is named. Both start from the same operands at each call, so that differences do not add
 * up. Slow: every operand goes through the host.
 */
final class ShadowBackend implements DelegatingBackend {
  private final Backend delegate;
  private final Backend shadow;
  private final Consumer<String> notes;
  private final Set<String> passedOver = new HashSet<>();

  /** @param notes takes a line for each op that cannot be compared, once */
  ShadowBackend(Backend delegate, Backend shadow, Consumer<String> notes) {
    this.delegate = delegate;
    this.shadow = shadow;
    this.notes = notes;
  }

  @Override
  public Backend delegate() {
    return delegate;
  }

  @Override
  public String description() {
    return delegate.description() + ", shadowed by " + shadow.description();
  }

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    if (passesOver(op.name(), Stream.concat(inputs.stream(), outputs.stream()))) {
      delegate.run(op, inputs, outputs);
      return;
    }
    try (Arena arena = Arena.ofConfined();
        Twins twins = new Twins()) {
      List<HostTensor> before = HostTensor.read(delegate, inputs, arena);
      delegate.run(op, inputs, outputs);
      // A device may raise a wrong index only here; then the shadow is not asked.
      List<HostTensor> results = HostTensor.read(delegate, outputs, arena);
      List<Operand> in = twins.of(inputs);
      List<Operand> out = twins.of(outputs);
      write(before, in);
      List<HostTensor> expected =
          onShadow(op.name(), inputs, out, arena, () -> shadow.run(op, in, out));
      requireAgreement(
          op.name(),
          "result",
          results,
          expected,
          inputs,
          new Appeal(before, arena) {
            @Override
            List<HostTensor> judge(List<HostTensor> wide) {
              List<TensorType> types = op.outputs(wide.stream().map(HostTensor::type).toList());
              try (Twins exact = new Twins()) {
                List<Operand> in = exact.fresh(wide);
                List<Operand> out = exact.ofTypes(types);
                shadow.run(op, in, out);
                return HostTensor.read(shadow, out, arena);
              }
            }
          });
    }
  }

  @Override
  public void update(Update update, List<Operand> operands) {
    if (passesOver(update.name(), operands.stream())) {
      delegate.update(update, operands);
      return;
    }
    try (Arena arena = Arena.ofConfined();
        Twins twins = new Twins()) {
      List<HostTensor> before = HostTensor.read(delegate, operands, arena);
      delegate.update(update, operands);
      List<HostTensor> results =
          HostTensor.read(delegate, operands.subList(0, update.written()), arena);
      List<Operand> copies = twins.of(operands);
      write(before, copies);
      List<HostTensor> expected =
          onShadow(
              update.name(),
              operands,
              copies.subList(0, update.written()),
              arena,
              () -> shadow.update(update, copies));
      requireAgreement(
          update.name(),
          "operand",
          results,
          expected,
          operands,
          new Appeal(before, arena) {
            @Override
            List<HostTensor> judge(List<HostTensor> wide) {
              if (update instanceof Update.Many many && many.masters() != Update.Masters.NONE) {
                return results; // in F64 there are no masters, so nobody to judge
              }
              try (Twins exact = new Twins()) {
                List<Operand> copies = exact.fresh(wide);
                shadow.update(update, copies);
                return HostTensor.read(shadow, copies.subList(0, update.written()), arena);
              }
            }
          });
    }
  }

  /** Whether the shadow cannot compute with an operand's type, which is said once an op. */
  private boolean passesOver(String op, Stream<Operand> operands) {
    Optional<DType> unknown =
        operands.map(Operand::dtype).filter(dtype -> !shadow.supports(dtype)).findFirst();
    if (unknown.isPresent() && passedOver.add(op)) {
      notes.accept(
          "shadow: "
              + op
              + " is not compared: "
              + shadow.name()
              + " does not compute with "
              + unknown.get());
    }
    return unknown.isPresent();
  }

  private void write(List<HostTensor> values, List<Operand> targets) {
    for (int i = 0; i < values.size(); i++) {
      shadow.write(targets.get(i).buffer(), values.get(i).elements());
    }
  }

  /** What the shadow makes. The delegate has made its own already, so that a refusal here is a difference. */
  private List<HostTensor> onShadow(
      String op, List<Operand> operands, List<Operand> made, Arena arena, Runnable call) {
    try {
      call.run();
      return HostTensor.read(shadow, made, arena);
    } catch (OutOfMemoryException e) {
      throw e; // says nothing about the op
    } catch (BackendException e) {
      throw new BackendException(
          differs(op) + "a result and the refusal '" + e.getMessage() + "'" + remedy(operands), e);
    }
  }

  private void requireAgreement(
      String op,
      String role,
      List<HostTensor> results,
      List<HostTensor> expected,
      List<Operand> operands,
      Appeal appeal) {
    for (int i = 0; i < expected.size(); i++) {
      HostTensor a = results.get(i);
      HostTensor b = expected.get(i);
      Optional<Disagreement> found = Disagreement.between(a, b);
      if (found.isPresent()) {
        found = appeal.of(a, b, i).orElse(found);
      }
      if (found.isPresent()) {
        long first = found.get().first();
        TensorType type = b.type();
        throw new BackendException(
            differs(op)
                + a.text(first)
                + " and "
                + b.text(first)
                + " at element "
                + b.position(first)
                + " of "
                + role
                + " "
                + i
                + ", "
                + type
                + ", "
                + found.get().elements()
                + " of "
                + type.elements()
                + " elements differ"
                + remedy(operands));
      }
    }
  }

  private String differs(String op) {
    return "shadow: "
        + op
        + " differs between "
        + delegate.name()
        + " and "
        + shadow.name()
        + ", got ";
  }

  private static String remedy(List<Operand> operands) {
    return ", operands "
        + operands.stream().map(Operand::type).toList()
        + "; one of the two computes it wrongly: try the op alone (TANDEM_DEBUG=2 shows its attributes)";
  }

  @Override
  public boolean captures() {
    return false;
  }

  @Override
  public CapturedStep capture(Runnable step) {
    throw new BackendException(
        "capture: TANDEM_SHADOW looks at each op, got a step to record on "
            + name()
            + " shadowed by "
            + shadow.name()
            + "; unset it to capture a step");
  }

  @Override
  public void close() {
    try (delegate) {
      shadow.close();
    }
  }

  /** A second look at a difference that may be rounding: the same call on the shadow in F64, where it computes in that. */
  private abstract class Appeal {
    private final List<HostTensor> operands;
    private final Arena arena;
    private List<HostTensor> exact;

    private Appeal(List<HostTensor> operands, Arena arena) {
      this.operands = operands;
      this.arena = arena;
    }

    /** Does the call on these operands. */
    abstract List<HostTensor> judge(List<HostTensor> wide);

    /** What is left of a difference; empty where there is no judge, as for an op whose result has a type of its own. */
    Optional<Optional<Disagreement>> of(HostTensor got, HostTensor expected, int index) {
      DType dtype = expected.type().dtype();
      if (!(dtype == DType.F32 || dtype.half()) || !shadow.supports(DType.F64)) {
        return Optional.empty();
      }
      if (exact == null) {
        exact = judge(operands.stream().map(operand -> operand.inDouble(arena)).toList());
      }
      if (exact.get(index).type().dtype() != DType.F64) {
        return Optional.empty();
      }
      double largest = operands.stream().mapToDouble(HostTensor::largest).max().orElse(0);
      return Optional.of(Disagreement.beyondRounding(got, expected, exact.get(index), largest));
    }
  }

  /** The shadow's buffers of one call. A buffer that stands for two operands has one twin, as in an update of itself. */
  private final class Twins implements AutoCloseable {
    private final Map<Buffer, Buffer> buffers = new IdentityHashMap<>();

    List<Operand> of(List<Operand> operands) {
      return operands.stream().map(this::of).toList();
    }

    private Operand of(Operand operand) {
      return new Operand(
          operand.type(),
          buffers.computeIfAbsent(operand.buffer(), _ -> shadow.allocate(operand.type())));
    }

    /** Operands of their own with these numbers. */
    List<Operand> fresh(List<HostTensor> values) {
      List<Operand> operands = ofTypes(values.stream().map(HostTensor::type).toList());
      write(values, operands);
      return operands;
    }

    /** Operands of their own, contents undefined. */
    List<Operand> ofTypes(List<TensorType> types) {
      List<Operand> operands = new ArrayList<>();
      for (TensorType type : types) {
        Buffer buffer = shadow.allocate(type);
        buffers.put(buffer, buffer);
        operands.add(new Operand(type, buffer));
      }
      return operands;
    }

    @Override
    public void close() {
      buffers.values().forEach(Buffer::close);
    }
  }
}
