package dev.tandem.tensor;

import dev.tandem.op.Op;
import dev.tandem.op.Stochastic;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

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
  private final List<Call> calls = new ArrayList<>();
  private int pauses;
  private boolean closed;

  /**
   * One recorded call. Inputs and outputs are handles of the tape's own, so that a user may close theirs.
   *
   * @param results the user's handles of the outputs, which backward closes
   * @param versions of the inputs and outputs, in this order, when the call was made
   */
  private record Call(
      Op op, List<Tensor> inputs, List<Tensor> outputs, List<Tensor> results, int[] versions) {
    void close() {
      outputs.getFirst().node.clear(); // left over where backward failed
      // Constants from now on: a gradient that came here would go no further.
      results.forEach(result -> result.node = null);
      inputs.forEach(Tensor::close);
      outputs.forEach(Tensor::close);
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

  /** How many calls are on the stack. */
  public int size() {
    return calls.size();
  }

  /** The recorded ops, oldest first. */
  public List<Op> ops() {
    return calls.stream().map(Call::op).toList();
  }

  void record(Op op, List<Tensor> inputs, List<Tensor> outputs) {
    outputs.getFirst().node = new Node(this);
    for (Tensor statistic : outputs.subList(1, outputs.size())) {
      if (statistic.dtype().floating()) {
        statistic.node = Node.barred(this, op.name());
      }
    }
    List<Tensor> savedInputs = inputs.stream().map(this::save).toList();
    List<Tensor> savedOutputs = outputs.stream().map(Tensor::alias).toList();
    calls.add(
        new Call(
            op,
            savedInputs,
            savedOutputs,
            List.copyOf(outputs),
            versions(op, savedInputs, savedOutputs)));
  }

  private Tensor save(Tensor input) {
    Tensor saved = input.alias();
    if (saved.node != null && saved.node.tape != null && saved.node.tape != this) {
      saved.node = null; // kept from an earlier tape: a constant here
    }
    return saved;
  }

  private static int[] versions(Op op, List<Tensor> inputs, List<Tensor> outputs) {
    int[] versions = new int[inputs.size() + outputs.size()];
    for (int i = 0; i < versions.length; i++) {
      Tensor tensor = i < inputs.size() ? inputs.get(i) : outputs.get(i - inputs.size());
      // A generator's state moves on after its draw; backward goes by the mask.
      boolean state = op instanceof Stochastic && i == 1;
      versions[i] = state ? 0 : tensor.storage().version;
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
      while (!calls.isEmpty()) {
        Call call = calls.removeLast();
        try (Scope _ = Scope.open()) {
          pop(call, leaves);
        } finally {
          call.close();
        }
        for (Tensor result : call.results) {
          if (result != y && result.scope == scope) {
            result.close();
          }
        }
      }
      leaves.forEach(Node::own);
    }
  }

  private void pop(Call call, Set<Node> leaves) {
    Node node = call.outputs.getFirst().node;
    Tensor dy = node.take();
    if (dy == null) {
      return; // nothing that the loss depends on
    }
    try {
      if (!Arrays.equals(call.versions, versions(call.op, call.inputs, call.outputs))) {
        throw new IllegalStateException(
            "backward: "
                + call.op.name()
                + " needs a tensor that was changed in place after the call, got inputs "
                + call.inputs.stream().map(Tensor::type).toList()
                + "; update weights after backward");
      }
      List<Tensor> gradients = Gradients.of(call.op, call.inputs, call.outputs, dy);
      for (int i = 0; i < gradients.size(); i++) {
        Tensor input = call.inputs.get(i);
        if (input.node != null && gradients.get(i) != null) {
          input.node.accumulate(sumTo(gradients.get(i), input.shape()));
          if (input.node.tape == null) {
            leaves.add(input.node);
          }
        }
      }
    } finally {
      dy.close();
    }
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
    calls.forEach(Call::close);
    calls.clear();
    CURRENT.remove();
    scope.close();
  }
}
