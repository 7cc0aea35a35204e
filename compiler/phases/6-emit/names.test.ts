import { describe, expect, it } from 'vitest';
import { cIdentifier, commonFolder, StemTable } from './names.js';

describe('cIdentifier', () => {
  it.each([
    ['kws', 'kws'],
    ['MobileNet v2', 'mobilenet_v2'],
    ['2nd-model', 'model_2nd_model'],
    ['__x__', 'x'],
    ['', 'model'],
    ['模型', 'model'],
    ['class', 'class_model'],
    ['main', 'main_model'],
    ['string', 'string_model'],
    ['nanoc', 'nanoc_model'],
    ['nanoc_conv', 'nanoc_conv_model'],
  ])('%s -> %s', (name, expected) => {
    expect(cIdentifier(name)).toBe(expected);
  });
});

describe('StemTable', () => {
  it('gives the same name the same stem and other names others, also where they differ in signs or case only', () => {
    const stems = new StemTable('value');
    expect(stems.stem('/conv1/Conv')).toBe('conv1_conv');
    expect(stems.stem('conv1:Conv')).toBe('conv1_conv_2');
    expect(stems.stem('CONV1_CONV')).toBe('conv1_conv_3');
    expect(stems.stem('/conv1/Conv')).toBe('conv1_conv');
  });

  it('never gives a keyword, a digit first, or a prefix of others', () => {
    const stems = new StemTable('value', ['kws_', 'nanoc_']);
    expect(stems.stem('int')).toBe('int_value');
    expect(stems.stem('42')).toBe('value_42');
    expect(stems.stem('!')).toBe('value');
    expect(stems.stem('kws_input_x')).toBe('value_kws_input_x');
    expect(stems.stem('nanoc_abi')).toBe('value_nanoc_abi');
  });

  it('shortens long names to their end, and takes the first of those that a converter joined', () => {
    const stems = new StemTable('node', [], 'functional_1/');
    expect(stems.stem('functional_1/activation_1/Relu;functional_1/conv2d/BiasAdd__nhwc')).toBe(
      'activation_1_relu_nhwc',
    );
    expect(stems.stem('functional_1/a;functional_1/b_prequant#scratch')).toBe('a_scratch');
    expect(stems.stem(`${'layer/'.repeat(20)}conv`)).toBe('layer_layer_layer_layer_conv');
  });

  it('keeps a numbered stem apart from a name that looks like one', () => {
    const stems = new StemTable('value');
    expect([stems.stem('a_2'), stems.stem('a'), stems.stem('A')]).toEqual(['a_2', 'a', 'a_3']);
  });
});

describe('commonFolder', () => {
  it('is the first path segment where all names share it', () => {
    expect(commonFolder(['net/a', 'net/b/c', 'output'])).toBe('net/');
    expect(commonFolder(['/net/a', '/net/b'])).toBe('/net/');
    expect(commonFolder(['net/a', 'other/b'])).toBe('');
    expect(commonFolder([])).toBe('');
  });
});
