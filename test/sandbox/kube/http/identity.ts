// As whom does a request act? The bearer of its token, or the user that this one may impersonate (`kubectl --as`).
import type { IncomingHttpHeaders } from 'node:http';
import { type AuthorizedRoute, type Authorizer, attributesOf, forbiddenResource } from '../authorizer.ts';
import { unauthorized } from '../status.ts';
import { serviceAccountOf, type User, type Users, userNamed } from '../users.ts';

/** Throws Unauthorized, or Forbidden when the impersonation is not allowed. */
export function identify(users: Users, authorizer: Authorizer, headers: IncomingHttpHeaders): User {
  const user = users.authenticate(headers.authorization);
  if (user === undefined) throw unauthorized();
  const name = headers['impersonate-user'];
  if (typeof name !== 'string') return user;
  const groups = listed(headers['impersonate-group']);
  for (const route of [impersonatedUser(name), ...groups.map((group) => impersonated('groups', group))]) {
    if (!authorizer.allows(user, attributesOf(route))) throw forbiddenResource(user, route);
  }
  return userNamed(name, groups);
}

function impersonatedUser(userName: string): AuthorizedRoute {
  const account = serviceAccountOf(userName);
  if (account === undefined) return impersonated('users', userName);
  return impersonated('serviceaccounts', account.name, account.namespace);
}

function impersonated(resource: string, name: string, namespace = ''): AuthorizedRoute {
  const verb = 'impersonate';
  return { verb, group: '', resource, subresource: '', namespace, authorizedName: name };
}

function listed(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return (Array.isArray(header) ? header : header.split(',')).map((entry) => entry.trim());
}
