package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Type;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodType;

/**
 * Writes the bytecode that does a {@link Form} to one lane: operands out of their rows, the calls, the result into its row
 * or, of a test, into its bit.
 *
 * @param operands local variables: a row ({@code long[]}) for each operand, for a predicate its bits
 * @param lane local variable, the lane's number
 * @param result local variable: a row, or the bits of a test
 */
record LaneCode(Form form, int[] operands, int lane, int result) {
  private static final ClassDesc HALVES = Halves.class.describeConstable().orElseThrow();
  private static final ClassDesc BFLOATS = Bfloats.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc WIDEN =
      MethodTypeDesc.of(ConstantDescs.CD_float, ConstantDescs.CD_char);
  private static final MethodTypeDesc ROUND =
      MethodTypeDesc.of(ConstantDescs.CD_char, ConstantDescs.CD_float);
  private static final long LOW_32 = 0xFFFFFFFFL;

  void write(CodeBuilder code) {
    if (form.test()) {
      value(code, form.part() == Form.Part.HIGH ? width() : 0);
      code.iload(lane).ishl().iload(result).ior().istore(result);
      return;
    }
    code.aload(result).iload(lane);
    value(code, 0);
    extend(code, last(), Form.element(form.result()));
    if (Form.packed(form.result())) {
      int width = width();
      code.loadConstant((1L << width) - 1).land();
      value(code, width);
      extend(code, last(), Form.element(form.result()));
      code.loadConstant(width).lshl().lor();
    }
    code.lastore();
  }

  /** Bits of an element of the packed operands. */
  private int width() {
    return Form.element(form.sources().getFirst()).bits();
  }

  private Class<?> last() {
    return form.after().isEmpty() ? form.main().result() : form.after().getLast().result();
  }

  private void value(CodeBuilder code, int shift) {
    for (int i = 0; i < operands.length; i++) {
      read(code, i, shift);
    }
    call(code, form.main());
    for (Scalar scalar : form.after()) {
      call(code, scalar);
    }
  }

  private void read(CodeBuilder code, int i, int shift) {
    Type source = form.sources().get(i);
    Class<?> wanted = form.main().parameter(i);
    if (source == Type.PRED) {
      code.iload(operands[i]).iload(lane).iushr().iconst_1().iand();
      return;
    }
    code.aload(operands[i]).iload(lane).laload();
    if (shift > 0 && Form.packed(source)) {
      code.loadConstant(shift).lushr();
    }
    Class<?> got = decode(code, Form.element(source), wanted);
    if (form.before() != null && form.before().parameter(0) == got) {
      call(code, form.before());
      got = form.before().result();
    }
    if (got == float.class && wanted == double.class) {
      code.f2d();
    } else if (got != wanted && !(integral(got) && integral(wanted))) {
      throw new IllegalStateException(form.main().method() + ": cannot take " + source);
    }
  }

  /** From a lane's 64 bits to a value of the type; says which Java type that is. */
  private static Class<?> decode(CodeBuilder code, Type type, Class<?> wanted) {
    if (type.floating() && !integral(wanted) && wanted != long.class) {
      return decodeFloating(code, type);
    }
    if (type.bits() == 64) {
      return long.class;
    }
    if (type.bits() == 32 && wanted == long.class && !type.signed()) {
      code.loadConstant(LOW_32).land();
      return long.class;
    }
    code.l2i();
    narrow(code, type);
    if (wanted == long.class) {
      code.i2l();
      return long.class;
    }
    return int.class;
  }

  private static Class<?> decodeFloating(CodeBuilder code, Type type) {
    switch (type) {
      case F16 -> code.l2i().i2c().invokestatic(HALVES, "toFloat", WIDEN);
      case BF16 -> code.l2i().i2c().invokestatic(BFLOATS, "toFloat", WIDEN);
      case F64 -> {
        code.invokestatic(
            ConstantDescs.CD_Double,
            "longBitsToDouble",
            MethodTypeDesc.of(ConstantDescs.CD_double, ConstantDescs.CD_long));
        return double.class;
      }
      default ->
          code.l2i()
              .invokestatic(
                  ConstantDescs.CD_Float,
                  "intBitsToFloat",
                  MethodTypeDesc.of(ConstantDescs.CD_float, ConstantDescs.CD_int));
    }
    return float.class;
  }

  /** From a Java value to a lane's 64 bits, extended as the type says. */
  private static void extend(CodeBuilder code, Class<?> got, Type type) {
    if (got == float.class) {
      switch (type) {
        case F16 -> code.invokestatic(HALVES, "round", ROUND);
        case BF16 -> code.invokestatic(BFLOATS, "round", ROUND);
        default ->
            code.invokestatic(
                ConstantDescs.CD_Float,
                "floatToRawIntBits",
                MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_float));
      }
    } else if (got == double.class) {
      code.invokestatic(
          ConstantDescs.CD_Double,
          "doubleToRawLongBits",
          MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_double));
    }
    boolean wide = got == long.class || got == double.class;
    if (type.bits() == 64) {
      if (!wide) {
        code.i2l();
      }
      return;
    }
    if (wide) {
      code.l2i();
    }
    narrow(code, type);
    code.i2l();
    if (type == Type.U32 || type == Type.B32) {
      code.loadConstant(LOW_32).land();
    }
  }

  private static void narrow(CodeBuilder code, Type type) {
    switch (type.bits()) {
      case 8 -> {
        if (type.signed()) {
          code.i2b();
        } else {
          code.sipush(255).iand();
        }
      }
      case 16 -> {
        if (type.signed()) {
          code.i2s();
        } else {
          code.i2c();
        }
      }
      default -> {}
    }
  }

  private static boolean integral(Class<?> type) {
    return type == int.class
        || type == short.class
        || type == char.class
        || type == byte.class
        || type == boolean.class;
  }

  private static void call(CodeBuilder code, Scalar scalar) {
    for (Object constant : scalar.constants()) {
      constant(code, constant);
    }
    Class<?> owner = scalar.method().getDeclaringClass();
    MethodType type = MethodType.methodType(scalar.result(), scalar.method().getParameterTypes());
    code.invokestatic(
        owner.describeConstable().orElseThrow(),
        scalar.method().getName(),
        type.describeConstable().orElseThrow());
  }

  private static void constant(CodeBuilder code, Object constant) {
    switch (constant) {
      case Integer i -> code.loadConstant(i.intValue());
      case Long l -> code.loadConstant(l.longValue());
      case Boolean b -> code.loadConstant(b ? 1 : 0);
      case Enum<?> e -> {
        ClassDesc owner = e.getDeclaringClass().describeConstable().orElseThrow();
        code.getstatic(owner, e.name(), owner);
      }
      default -> throw new IllegalArgumentException("constant of no known kind: " + constant);
    }
  }
}
