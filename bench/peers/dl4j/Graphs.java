import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The networks of {@code bench/Workload.java} in DL4J's layers. Its momentum is Nesterov's, which costs the same, and it decays no
 * weights of a norm.
 */
final class Graphs {
  private final GraphBuilder builder;
  private String last = "x";
  private int layers;

  private Graphs(String name) {
    NeuralNetConfiguration.Builder settings =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .weightInit(WeightInit.RELU_UNIFORM)
            .activation(Activation.IDENTITY)
            .convolutionMode(ConvolutionMode.Truncate)
            .updater(name.equals("cnn") ? new Adam(1e-3) : new Nesterovs(0.01, 0.9));
    if (name.equals("resnet")) {
      settings.l2(5e-4).l2Bias(5e-4);
    }
    InputType input =
        switch (name) {
          case "mlp" -> InputType.feedForward(784);
          case "cnn" -> InputType.convolutional(28, 28, 1);
          default -> InputType.convolutional(32, 32, 3);
        };
    builder = settings.graphBuilder().addInputs("x").setInputTypes(input);
  }

  static ComputationGraphConfiguration of(String name) {
    Graphs graph = new Graphs(name);
    switch (name) {
      case "mlp" -> graph.dense(512).dense(512);
      case "cnn" -> graph.convolution(32).pool().convolution(64).pool().dense(128);
      default -> graph.resnet();
    }
    graph.add(
        new OutputLayer.Builder(LossFunction.MCXENT).nOut(Batch.CLASSES).activation(Activation.SOFTMAX).build());
    return graph.builder.setOutputs(graph.last).build();
  }

  private void resnet() {
    convolution(64, 3, 1, 1).add(norm(Activation.RELU));
    for (int out : new int[] {64, 128, 256, 512}) {
      for (int block = 0; block < 2; block++) {
        int stride = block == 0 && out > 64 ? 2 : 1;
        String start = last;
        convolution(out, 3, stride, 1).add(norm(Activation.RELU)).convolution(out, 3, 1, 1).add(norm(Activation.IDENTITY));
        String branch = last;
        last = start;
        if (stride != 1) {
          convolution(out, 1, stride, 0).add(norm(Activation.IDENTITY));
        }
        String sum = "sum" + layers;
        builder.addVertex(sum, new ElementWiseVertex(ElementWiseVertex.Op.Add), branch, last);
        last = sum;
        add(new ActivationLayer.Builder().activation(Activation.RELU).build());
      }
    }
    add(new GlobalPoolingLayer.Builder(PoolingType.AVG).build());
  }

  private Graphs dense(int out) {
    return add(new DenseLayer.Builder().nOut(out).activation(Activation.RELU).build());
  }

  private Graphs convolution(int out) {
    return add(new ConvolutionLayer.Builder(3, 3).nOut(out).activation(Activation.RELU).build());
  }

  private Graphs convolution(int out, int kernel, int stride, int padding) {
    return add(
        new ConvolutionLayer.Builder(kernel, kernel)
            .nOut(out)
            .stride(stride, stride)
            .padding(padding, padding)
            .hasBias(false)
            .build());
  }

  private Graphs pool() {
    return add(
        new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX).kernelSize(2, 2).stride(2, 2).build());
  }

  private static Layer norm(Activation activation) {
    return new BatchNormalization.Builder().eps(1e-5).decay(0.9).activation(activation).build();
  }

  private Graphs add(Layer layer) {
    String name = "layer" + layers++;
    builder.addLayer(name, layer, last);
    last = name;
    return this;
  }
}
