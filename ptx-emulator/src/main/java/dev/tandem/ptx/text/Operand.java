package dev.tandem.ptx.text;

import java.util.List;

/** What an instruction works on. */
public sealed interface Operand {
  /** A register; its name is unique in a linked kernel. */
  record Register(String name, Type type) implements Operand {}

  /** A special register, {@code "%tid.x"} or {@code "%laneid"}. */
  record Special(String name) implements Operand {}

  /** An integer literal, sign-extended to 64 bits where it was written with a sign. */
  record IntegerLiteral(long value) implements Operand {}

  /** A floating literal: {@code 0f3F800000}, {@code 0d3FF0000000000000} or {@code 1.5}. */
  record FloatLiteral(double value, long bits, boolean single) implements Operand {
    /** Bits of a single where it was written so ({@code 0f}), whose NaN payload a double would lose. */
    public int singleBits() {
      return single ? (int) bits : Float.floatToRawIntBits((float) value);
    }

    public long doubleBits() {
      return single ? Double.doubleToRawLongBits(Float.intBitsToFloat((int) bits)) : bits;
    }
  }

  /** The address of a variable, plus bytes. */
  record Symbol(Variable variable, long offset) implements Operand {}

  /** The address of a kernel or device function. */
  record FunctionAddress(String name) implements Operand {}

  /** What lies at an address, {@code [%rd1+16]}. Base: a register, a symbol or an integer literal. */
  record Address(Operand base, long offset) implements Operand {}

  /** Several operands as one, {@code {%f1, %f2}}. */
  record Vector(List<Operand> parts) implements Operand {}

  /** Two destinations, {@code %p1|%p2}. */
  record Pair(Operand first, Operand second) implements Operand {}

  /** A predicate turned round, {@code !%p1}. */
  record Not(Operand predicate) implements Operand {}

  /** A place in a linked kernel's code: an index of its instructions. */
  record Target(String label, int index) implements Operand {}

  /** {@code _}: a result nobody wants. */
  record Sink() implements Operand {}
}
