// Applies decorators as plain functions, so that no compiler is needed.
import 'reflect-metadata';
import { Controller, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** Starts an application with one route, POST /webhooks/hostwares, which calls `handle(request, response)`. */
export async function startNest(handle, platform, { options = {}, prepare } = {}) {
  class WebhooksController {
    receive(request, response) {
      return handle(request, response);
    }
  }
  const { prototype } = WebhooksController;
  Controller('webhooks')(WebhooksController);
  Post('hostwares')(prototype, 'receive', Object.getOwnPropertyDescriptor(prototype, 'receive'));
  Req()(prototype, 'receive', 0);
  Res()(prototype, 'receive', 1);
  class AppModule {}
  Module({ controllers: [WebhooksController] })(AppModule);
  const app = await NestFactory.create(AppModule, platform, { logger: false, ...options });
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  return { url: `${await app.getUrl()}/webhooks/hostwares`, close: () => app.close() };
}
