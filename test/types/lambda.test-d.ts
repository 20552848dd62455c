import type {
  ALBEvent,
  ALBResult,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyResult,
  APIGatewayProxyResultV2,
  APIGatewayProxyStructuredResultV2,
  LambdaFunctionURLEvent,
  LambdaFunctionURLResult,
} from 'aws-lambda';
import { expectTypeOf, it } from 'vitest';
import type { ReceiveInput, ReceiveResult } from '../../src/index.js';

it("ReceiveInput accepts headers and bodies of all of Lambda's HTTP events", () => {
  expectTypeOf<APIGatewayProxyEvent['headers']>().toExtend<ReceiveInput['headers']>();
  expectTypeOf<APIGatewayProxyEvent['multiValueHeaders']>().toExtend<ReceiveInput['headers']>();
  expectTypeOf<ALBEvent['headers'] | ALBEvent['multiValueHeaders']>().toExtend<ReceiveInput['headers']>();
  expectTypeOf<APIGatewayProxyEventV2['headers']>().toExtend<ReceiveInput['headers']>();
  expectTypeOf<LambdaFunctionURLEvent['headers']>().toExtend<ReceiveInput['headers']>();
  expectTypeOf<APIGatewayProxyEvent['body']>().toExtend<ReceiveInput['body']>();
  expectTypeOf<APIGatewayProxyEventV2['body']>().toExtend<ReceiveInput['body']>();
});

it('ReceiveResult is not a Lambda response, because Lambda returns 200 without statusCode', () => {
  expectTypeOf<ReceiveResult>().not.toExtend<APIGatewayProxyStructuredResultV2>();
  expectTypeOf<ReceiveResult>().not.toExtend<APIGatewayProxyResultV2>();
  expectTypeOf<ReceiveResult>().not.toExtend<LambdaFunctionURLResult>();
  expectTypeOf<ReceiveResult>().not.toExtend<APIGatewayProxyResult>();
  expectTypeOf<ReceiveResult>().not.toExtend<ALBResult>();
});

it('the response of docs/receiving.md is a Lambda response', () => {
  interface Response {
    statusCode: ReceiveResult['status'];
    headers: ReceiveResult['headers'];
    body: ReceiveResult['body'];
  }
  expectTypeOf<Response>().toExtend<APIGatewayProxyStructuredResultV2>();
  expectTypeOf<Response>().toExtend<APIGatewayProxyResult>();
  expectTypeOf<Response>().toExtend<ALBResult>();
});
