package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A form of an instruction: one function for all lanes, with the types that its operands are read and its result is
 * written as. A packed type ({@code f16x2}) has it done to each half.
 *
 * <p>For each lane: read the operands, apply {@code before} to those of its type, {@code main} to all, then {@code after}
 * one by one.
 *
 * @param result {@link Type#PRED} for a test
 * @param sources how each operand is read; {@link Type#PRED} for a predicate or the carry
 * @param before done to each operand first, or null
 * @param part which half of packed operands a test is of
 */
record Form(
    Type result, List<Type> sources, Scalar main, Scalar before, List<Scalar> after, Part part) {
  /** Which elements of packed operands. */
  enum Part {
    ALL,
    LOW,
    HIGH
  }

  Form {
    if (main.operands() != sources.size()) {
      throw new IllegalArgumentException(
          main.method() + ": has " + main.operands() + " operands, got types " + sources);
    }
  }

  /** A function of operands of the given types. */
  static Form of(Type result, Scalar main, Type... sources) {
    return new Form(result, List.of(sources), main, null, List.of(), Part.ALL);
  }

  /** A function whose operands and result are all of one type. */
  static Form uniform(Type type, Scalar main) {
    return new Form(
        type, Collections.nCopies(main.operands(), type), main, null, List.of(), Part.ALL);
  }

  Form before(Scalar scalar) {
    return new Form(result, sources, main, scalar, after, part);
  }

  Form after(Scalar scalar) {
    List<Scalar> more = new ArrayList<>(after);
    more.add(scalar);
    return new Form(result, sources, main, before, List.copyOf(more), part);
  }

  Form part(Part which) {
    return new Form(result, sources, main, before, after, which);
  }

  boolean test() {
    return result == Type.PRED;
  }

  /** The type of one half of a packed type, or the type itself. */
  static Type element(Type type) {
    return switch (type) {
      case F16X2 -> Type.F16;
      case BF16X2 -> Type.BF16;
      case U16X2 -> Type.U16;
      case S16X2 -> Type.S16;
      case F32X2 -> Type.F32;
      default -> type;
    };
  }

  static boolean packed(Type type) {
    return element(type) != type;
  }
}
