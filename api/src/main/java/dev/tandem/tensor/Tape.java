package dev.tandem.tensor;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Op;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A stack of the calls made since it was opened. {@link #backward} pops it call by call, from the loss to the leaves,
 * applying the chain rule. Only calls that a gradient must pass through are recorded. A tape is also a {@link Scope}:
 * what was made on it is freed when it closes, or earlier, when backward has no more use for it.
 *
 * <pre>{@code
 * try (Tape tape = Tape.open()) {
 *   Tensor loss = model.forward(x).crossEntropy(labels);
 *   loss.backward();
 *   optimizer.step();
 * }
 * }</pre>
 */
public final class Tape implements AutoCloseable {
  private static final ThreadLocal<Tape> CURRENT = new ThreadLocal<>();

  private final Scope scope = Scope.open();
  private final List<Entry> entries = new ArrayList<>();
  private int pauses;
  private boolean closed;

  /** What backward goes back through. Tensors are handles of the tape's own, so that a user may close theirs. */
  private sealed interface Entry {
    List<Tensor> inputs();

    List<Tensor> outputs();

    /** The user's handles of the outputs, which backward closes. */
    List<Tensor> results();

    /** Of the inputs and outputs, in this order, when the entry was made. */
    int[] versions();

    default void close() {
      for (Tensor output : outputs()) {
        if (output.node != null) {
          output.node.clear(); // left over where backward failed
        }
      }
      for (Tensor result : results()) {
        result.node = null; // a constant from now on: a gradient that came here would go no further
      }
      inputs().forEach(Tensor::close);
      outputs().forEach(Tensor::close);
    }
  }

  /** One recorded call of an op. */
  private record Call(
      Op op, List<Tensor> inputs, List<Tensor> outputs, List<Tensor> results, int[] versions)
      implements Entry {}

  /**
   * A stretch of calls of which only inputs and outputs are kept.
   *
   * @param generators and their states as they were before the stretch
   */
  private record Stretch(
      Function<List<Tensor>, List<Tensor>> block,
      Map<Tensor, Tensor> generators,
      List<Tensor> inputs,
      List<Tensor> outputs,
      List<Tensor> results,
      int[] versions)
      implements Entry {
    @Override
    public void close() {
      Entry.super.close();
      generators.values().forEach(Tensor::close);
    }
  }

  /** Stops recording until closed. */
  public static final class Pause implements AutoCloseable {
    private Tape tape;

    private Pause(Tape tape) {
      this.tape = tape;
      if (tape != null) {
        tape.pauses++;
      }
    }

    @Override
    public void close() {
      if (tape != null) {
        tape.pauses--;
        tape = null;
      }
    }
  }

  private Tape() {}

  /** Begins recording on this thread. Tapes do not nest. */
  public static Tape open() {
    if (CURRENT.get() != null) {
      throw new IllegalStateException(
          "tape: one is open already, got a second; close the first, or pause it");
    }
    Tape tape = new Tape();
    CURRENT.set(tape);
    return tape;
  }

  /** Whether calls are being recorded on this thread. */
  public static boolean recording() {
    Tape tape = CURRENT.get();
    return tape != null && tape.pauses == 0;
  }

  /** Computes without recording until the result is closed: {@code try (var off = Tape.noGrad()) { ... }}. */
  public static Pause noGrad() {
    return new Pause(CURRENT.get());
  }

  static Tape current() {
    return CURRENT.get();
  }

  /** Keeps a tensor beyond backward and beyond the tape; the caller, or the scope around the tape, then frees it. */
  public Tensor keep(Tensor tensor) {
    return scope.keep(tensor);
  }

  /** How many calls are on the stack, one for all that {@link #recompute} takes together. */
  public int size() {
    return entries.size();
  }

  /** The recorded ops, oldest first. */
  public List<Op> ops() {
    return entries.stream()
        .flatMap(entry -> entry instanceof Call call ? Stream.of(call.op) : Stream.empty())
        .toList();
  }

  void record(Op op, List<Tensor> inputs, List<Tensor> outputs) {
    int carriers = op.differentiable();
    outputs.subList(0, carriers).forEach(output -> output.node = new Node(this));
    for (Tensor statistic : outputs.subList(carriers, outputs.size())) {
      if (statistic.dtype().floating()) {
        statistic.node = Node.barred(this, op);
      }
    }
    List<Tensor> savedInputs = inputs.stream().map(this::save).toList();
    List<Tensor> savedOutputs = outputs.stream().map(Tensor::alias).toList();
    entries.add(
        new Call(
            op,
            savedInputs,
            savedOutputs,
            List.copyOf(outputs),
            versions(op instanceof Stochastic ? 1 : -1, savedInputs, savedOutputs)));
  }

  /**
   * Runs a block and keeps only its inputs and outputs; backward runs it once more, recording, when it comes there. So the
   * activations of one block are held at a time instead of those of all, for one more forward pass. Where nothing is recorded, the
   * block is run once, and what it made is freed but for its results. Chen et al. 2016, arXiv:1604.06174.
   *
   * @param block must compute the same from the same inputs: it may draw from the generators, whose states are put back for its
   *     second run, but not change other tensors in place, such as running statistics; and what it looks at beside its inputs, such as
   *     weights, must be the same until backward
   * @param generators the states that the block draws from; see {@link Stochastic#STATE}
   * @return the block's results, each of which carries a gradient
   */
  public static List<Tensor> recompute(
      Function<List<Tensor>, List<Tensor>> block, List<Tensor> generators, List<Tensor> inputs) {
    return recording() ? CURRENT.get().stretch(block, generators, inputs) : once(block, inputs);
  }

  private static List<Tensor> once(
      Function<List<Tensor>, List<Tensor>> block, List<Tensor> inputs) {
    try (Scope inner = Scope.open()) {
      List<Tensor> results = List.copyOf(block.apply(inputs));
      results.stream().filter(result -> result.scope == inner).forEach(inner::keep);
      return results;
    }
  }

  private List<Tensor> stretch(
      Function<List<Tensor>, List<Tensor>> block, List<Tensor> generators, List<Tensor> inputs) {
    Map<Tensor, Tensor> states = new IdentityHashMap<>();
    List<Tensor> results;
    try (Scope inner = Scope.open();
        Pause _ = noGrad()) {
      generators.forEach(
          generator -> states.computeIfAbsent(generator, state -> state.copy().release()));
      results = List.copyOf(block.apply(inputs));
      results.forEach(result -> requireNew(result, inner));
      results.forEach(inner::keep);
    } catch (RuntimeException | Error e) {
      states.values().forEach(Tensor::close);
      throw e;
    }
    results.forEach(result -> result.node = new Node(this));
    List<Tensor> savedInputs = inputs.stream().map(this::save).toList();
    List<Tensor> savedOutputs = results.stream().map(Tensor::alias).toList();
    entries.add(
        new Stretch(
            block,
            states,
            savedInputs,
            savedOutputs,
            results,
            versions(-1, savedInputs, savedOutputs)));
    return results;
  }

  /** A node on what was there before, such as a weight, would take its gradient away. */
  private static void requireNew(Tensor result, Scope block) {
    if (!result.dtype().floating() || result.scope != block || result.node != null) {
      throw new IllegalArgumentException(
          "recompute: each result must be floating-point numbers that the block computed, got "
              + result
              + "; return what is new");
    }
  }

  private Tensor save(Tensor input) {
    Tensor saved = input.alias();
    if (saved.node != null && saved.node.tape != null && saved.node.tape != this) {
      saved.node = null; // kept from an earlier tape: a constant here
    }
    return saved;
  }

  /** @param state the input that is a generator's: it moves on after its draw, and backward goes by the mask; -1 for none */
  private static int[] versions(int state, List<Tensor> inputs, List<Tensor> outputs) {
    int[] versions = new int[inputs.size() + outputs.size()];
    for (int i = 0; i < versions.length; i++) {
      Tensor tensor = i < inputs.size() ? inputs.get(i) : outputs.get(i - inputs.size());
      versions[i] = i == state ? 0 : tensor.storage().version;
    }
    return versions;
  }

  /** Backward from a loss of one element, with d(loss)/d(loss) = 1. */
  public void backward(Tensor loss) {
    if (loss.shape().elements() != 1) {
      throw new IllegalArgumentException(
          "backward: the loss must be one number, got "
              + loss.shape()
              + "; take its sum or mean, or give the gradient to start from");
    }
    try (Scope _ = Scope.open()) {
      backward(loss, Tensor.full(loss.backend(), loss.type(), 1));
    }
  }

  /**
   * Back-propagates from y, given d(loss)/dy. Each leaf's gradient is added to what it has gathered; tensors computed on
   * this tape are freed as the stack is popped, except y, which lives until the tape closes, and those kept; both are
   * constants from then on. The stack is then empty: several losses are added up before, or computed one after another.
   */
  public void backward(Tensor y, Tensor dy) {
    if (y.node == null || y.node.tape != this) {
      throw new IllegalStateException(
          "backward: the tensor does not depend on one that requires a gradient, got "
              + y.type()
              + "; compute it on this tape, from parameters, and go back from it once");
    }
    if (!dy.type().equals(y.type())) {
      throw new IllegalArgumentException(
          "backward: the gradient must be of y's type, got "
              + dy.type()
              + " for "
              + y.type()
              + "; reshape or cast it");
    }
    try (Pause _ = noGrad()) {
      y.node.accumulate(dy);
      Set<Node> leaves = new LinkedHashSet<>();
      while (!entries.isEmpty()) {
        Entry entry = entries.removeLast();
        try (Scope _ = Scope.open()) {
          pop(entry, leaves);
        } finally {
          entry.close();
        }
        for (Tensor result : entry.results()) {
          if (result != y && result.scope == scope) {
            result.close();
          }
        }
      }
      leaves.forEach(Node::own);
    }
  }

  private void pop(Entry entry, Set<Node> leaves) {
    int carriers = entry instanceof Call call ? call.op.differentiable() : entry.outputs().size();
    List<Tensor> dys = new ArrayList<>();
    for (Tensor output : entry.outputs().subList(0, carriers)) {
      dys.add(output.node.take());
    }
    if (dys.stream().allMatch(Objects::isNull)) {
      return; // nothing that the loss depends on
    }
    try {
      switch (entry) {
        case Call call -> {
          requireUnchanged(call, call.op.name(), call.op instanceof Stochastic ? 1 : -1);
          List<Tensor> gradients =
              Gradients.of(call.op, call.inputs, call.outputs, dys, logitsAreSpare(call));
          passOn(call, gradients, leaves);
        }
        case Stretch stretch -> {
          requireUnchanged(stretch, "recompute", -1);
          again(stretch, dys);
        }
      }
    } finally {
      dys.stream().filter(Objects::nonNull).forEach(Tensor::close);
    }
  }

  private static void requireUnchanged(Entry entry, String name, int state) {
    if (!Arrays.equals(entry.versions(), versions(state, entry.inputs(), entry.outputs()))) {
      throw new IllegalStateException(
          "backward: "
              + name
              + " needs a tensor that was changed in place after the call, got inputs "
              + entry.inputs().stream().map(Tensor::type).toList()
              + "; update weights after backward");
    }
  }

  private static void passOn(Call call, List<Tensor> gradients, Set<Node> leaves) {
    for (int i = 0; i < gradients.size(); i++) {
      Tensor input = call.inputs.get(i);
      if (input.node != null && gradients.get(i) != null) {
        input.node.accumulate(sumTo(gradients.get(i), input.shape()));
        if (input.node.tape == null) {
          leaves.add(input.node);
        }
      }
    }
  }

  /** Runs a block once more, recording: its calls come onto the stack, with the gradients of its results to begin from. */
  private void again(Stretch stretch, List<Tensor> dys) {
    Map<Tensor, Tensor> now = new IdentityHashMap<>();
    stretch.generators.forEach((generator, before) -> {
      now.put(generator, generator.copy());
      Tensor.update(new Update.Assign(), generator, before);
    });
    List<Tensor> results;
    int outside = pauses;
    pauses = 0;
    try {
      results = stretch.block.apply(stretch.inputs);
    } finally {
      pauses = outside;
      now.forEach((generator, state) -> Tensor.update(new Update.Assign(), generator, state));
    }
    List<TensorType> types = results.stream().map(Tensor::type).toList();
    if (!types.equals(stretch.outputs.stream().map(Tensor::type).toList())) {
      throw new IllegalStateException(
          "recompute: the block's second run gave other results than its first, got "
              + types
              + "; it must compute the same from the same inputs");
    }
    for (int i = 0; i < dys.size(); i++) {
      Tensor result = results.get(i);
      if (dys.get(i) != null && result.node != null) {
        result.node.accumulate(dys.get(i));
      }
    }
  }

  /**
   * Whether nobody will look at the logits of a cross-entropy again: neither a call still on the stack, nor a user, who has handles
   * only of what this backward frees. Their gradient then takes their memory.
   */
  private boolean logitsAreSpare(Call popped) {
    Tensor logits = popped.inputs.getFirst();
    if (!(popped.op instanceof Loss.CrossEntropy)
        || logits.node == null
        || logits.node.tape != this) {
      return false;
    }
    Storage storage = logits.storage();
    int known = 0;
    boolean made = false;
    for (int i = entries.size(); i >= 0 && !made; i--) {
      Entry entry = i == entries.size() ? popped : entries.get(i);
      int inputs = handles(entry.inputs(), storage);
      int outputs = handles(entry.outputs(), storage);
      // A block may look at logits that were made before it and that are no input of it.
      if (entry instanceof Stretch
          || entry != popped && inputs + outputs > 0 && !forgets(entry, inputs > 0)) {
        return false;
      }
      made = outputs > 0 && inputs == 0;
      known += inputs + outputs;
      for (Tensor result : entry.results()) {
        if (!result.closed() && result.storage() == storage) {
          known++;
          if (result.scope != scope) {
            return false; // kept
          }
        }
      }
    }
    return known == storage.references();
  }

  private static int handles(List<Tensor> tensors, Storage storage) {
    return (int) tensors.stream().filter(tensor -> tensor.storage() == storage).count();
  }

  /** Whether an op's gradient does without what it made and, if that is asked, without what it took. */
  private static boolean forgets(Entry entry, boolean inputsToo) {
    return entry instanceof Call call
        && (call.op instanceof Movement.Reshape
            || !inputsToo
                && (call.op instanceof Linear.Matmul || call.op instanceof Elementwise.Add));
  }

  /** The sum of a gradient over the axes along which its tensor was stretched. */
  private static Tensor sumTo(Tensor gradient, Shape shape) {
    Shape wide = gradient.shape();
    if (wide.equals(shape)) {
      return gradient;
    }
    int offset = wide.rank() - shape.rank();
    List<Integer> stretched = new ArrayList<>();
    for (int axis = 0; axis < wide.rank(); axis++) {
      if (axis < offset || (shape.length(axis - offset) == 1 && wide.length(axis) != 1)) {
        stretched.add(axis);
      }
    }
    return gradient.sum(stretched.stream().mapToInt(Integer::intValue).toArray()).reshape(shape);
  }

  /** Forgets the recorded calls and frees what was made on the tape and not kept. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    entries.forEach(Entry::close);
    entries.clear();
    CURRENT.remove();
    scope.close();
  }
}
