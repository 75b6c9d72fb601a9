package dev.tandem.cuda.driver;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** PTX that the driver's compiler has taken. */
final class JcudaModule extends JcudaResource implements Module {
  private final String name;
  private final CUmodule handle;
  private final Map<String, JcudaFunction> functions = new ConcurrentHashMap<>();

  JcudaModule(JcudaContext context, String name, CUmodule handle) {
    super(context, Turn.MODULE, "module " + name);
    this.name = name;
    this.handle = handle;
  }

  @Override
  public Function function(String entry) {
    enter("cuModuleGetFunction");
    return functions.computeIfAbsent(entry, this::find);
  }

  private JcudaFunction find(String entry) {
    Handles.FunctionHandle function = new Handles.FunctionHandle();
    Calls.check(
        JCudaDriver.cuModuleGetFunction(function, handle, entry),
        () -> "cuModuleGetFunction of " + entry + " in " + name);
    return new JcudaFunction(this, entry, function);
  }

  @Override
  public DeviceMemory global(String variable) {
    enter("cuModuleGetGlobal");
    Handles.DeviceAddress address = new Handles.DeviceAddress();
    long[] bytes = new long[1];
    Calls.check(
        JCudaDriver.cuModuleGetGlobal(address, bytes, handle, variable),
        () -> "cuModuleGetGlobal of " + variable + " in " + name);
    return new Variable(address.raw(), bytes[0]);
  }

  @Override
  void free() {
    Calls.check(JCudaDriver.cuModuleUnload(handle), () -> "cuModuleUnload of " + name);
  }

  /** A variable, which lives as long as its module. */
  private record Variable(long address, long bytes) implements DeviceMemory {
    @Override
    public void close() {
      // The module's.
    }
  }
}
