package dev.tandem.ptx;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.ptx.machine.Windows;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.PtxModule;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Variable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A module's variables in memory: those in global space have an allocation each, those in constant space share one bank,
 * which is an allocation too, so that the host can write it.
 */
final class ModuleVariables {
  /** A variable's memory, which lives as long as its module. */
  private record Place(long address, long bytes) implements DeviceMemory {
    @Override
    public void close() {
      // The module's.
    }
  }

  private final EmulatedGpu gpu;
  private final Map<Variable, Long> places = new HashMap<>();
  private final Map<String, DeviceMemory> memories = new LinkedHashMap<>();
  private final Map<Long, Long> allocations = new LinkedHashMap<>();
  private long bank;
  private long bankBytes;

  private ModuleVariables(EmulatedGpu gpu) {
    this.gpu = gpu;
  }

  static ModuleVariables place(EmulatedGpu gpu, PtxModule module) {
    ModuleVariables variables = new ModuleVariables(gpu);
    for (Variable variable : module.variables().values()) {
      if (variable.space() == Space.CONST) {
        variables.bankBytes = align(variables.bankBytes, variable.alignment());
        variables.places.put(variable, variables.bankBytes);
        variables.bankBytes += variable.bytes();
      }
    }
    variables.placeBank();
    for (Variable variable : module.variables().values()) {
      if (variable.extern() && variable.space() != Space.SHARED) {
        throw new PtxException(
            variable.line(),
            "extern variable '" + variable.name() + "' is not defined; link it into the file");
      }
      if (variable.space() == Space.GLOBAL) {
        variables.placeGlobal(variable);
      } else if (variable.space() == Space.CONST) {
        variables.addMemory(variable, variables.bank + variables.places.get(variable));
      }
    }
    module.variables().values().forEach(variable -> variables.initialise(module, variable));
    return variables;
  }

  private void placeBank() {
    if (bankBytes > EmulatedDevice.CONSTANT_BYTES) {
      throw new PtxException(
          0,
          "constant variables take "
              + bankBytes
              + " bytes; at most "
              + EmulatedDevice.CONSTANT_BYTES
              + " fit, put some in global memory");
    }
    if (bankBytes > 0) {
      bank = allocate(bankBytes);
      // Constant memory, unlike global, is zero where nothing else is said.
      gpu.memory().fill(bank, 0, 1, bankBytes);
    }
  }

  private void placeGlobal(Variable variable) {
    long address = allocate(Math.max(variable.bytes(), 1));
    // A global variable of CUDA C without an initialiser begins as zero, as section 5.4.4 of the
    // PTX ISA says.
    gpu.memory().fill(address, 0, 1, Math.max(variable.bytes(), 1));
    places.put(variable, address);
    addMemory(variable, address);
  }

  private long allocate(long bytes) {
    long address = gpu.allocate("cuModuleLoadData", bytes, EmulatedGpu.Use.MODULE);
    allocations.put(address, bytes);
    return address;
  }

  private void addMemory(Variable variable, long address) {
    memories.put(variable.name(), new Place(address, variable.bytes()));
  }

  private void initialise(PtxModule module, Variable variable) {
    DeviceMemory memory = memories.get(variable.name());
    if (memory == null || variable.initial() == null) {
      return;
    }
    MemorySegment content = gpu.memory().write(memory.address(), memory.bytes());
    MemorySegment.copy(
        variable.initial(), 0, content, ValueLayout.JAVA_BYTE, 0, variable.initial().length);
    for (Variable.AddressOf reference : variable.addresses()) {
      Variable target = module.variables().get(reference.variable());
      if (target == null || !places.containsKey(target)) {
        throw new PtxException(
            variable.line(),
            "initialiser names '" + reference.variable() + "', which has no address");
      }
      long window = reference.generic() ? Windows.base(target.space()) : 0;
      content.set(
          ValueLayout.JAVA_LONG_UNALIGNED,
          reference.at(),
          places.get(target) + window + reference.offset());
    }
  }

  /** A variable's address in its own space. */
  long address(Variable variable) {
    Long place = places.get(variable);
    if (place == null) {
      throw new PtxException(variable.line(), "variable '" + variable.name() + "' has no address");
    }
    return place;
  }

  /** Where the constant bank lies in global memory, and its size. */
  long bank() {
    return bank;
  }

  long bankBytes() {
    return bankBytes;
  }

  Set<String> names() {
    return memories.keySet();
  }

  Optional<DeviceMemory> memory(String name) {
    return Optional.ofNullable(memories.get(name));
  }

  void free() {
    allocations.forEach((address, bytes) -> gpu.free(address, bytes, false));
    allocations.clear();
  }

  private static long align(long at, int alignment) {
    return (at + alignment - 1) / alignment * alignment;
  }
}
