// A real OpenID Connect provider (panva's oidc-provider, certified by the OpenID Foundation) with its own login and
// consent pages: the tests log in with it, and so does whoever starts `lyceum up --with-oidc`.
//
//     node provider.mjs FILE     reads its configuration from a JSON file and runs until SIGTERM
//     node provider.mjs -        reads it from the first line of standard input, and ends where that ends; a later line
//                                may be {"accounts": [...]} (added, or put in place of those with the same sub) or
//                                {"rotate_keys": true}; each is answered by a line once it holds
//
// The configuration: {host?, port, clients: [client metadata], accounts: [{login, password, sub, email?,
// email_verified?, name?, picture?}], claims_in_id_token?}. What it prints first is one line of JSON, when it listens.
// PKCE is required of every client. Sessions, grants and keys live as long as the process.

import { Console } from 'node:console';
import { generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const FORM_BYTES = 10_000;
const HOUR = 3600;

// Standard output is for what is promised above alone; the library writes its remarks to the console.
globalThis.console = new Console(process.stderr);

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// --- what it knows ----------------------------------------------------------------------------------------------

const accounts = new Map();

function learn(given) {
  for (const account of given) accounts.set(account.sub, account);
}

function claimsOf({ login, password, ...claims }) {
  return { preferred_username: login, ...claims };
}

function same(one, other) {
  const [a, b] = [Buffer.from(String(one)), Buffer.from(String(other))];
  return a.length === b.length && timingSafeEqual(a, b);
}

function accountOf(login, password) {
  return [...accounts.values()].find((one) => one.login === login && same(one.password, password));
}

function signingKeys() {
  const made = [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ];
  return {
    keys: made.map(([alg, pair]) => ({
      ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomBytes(8).toString('hex'),
    })),
  };
}

const cookieKeys = [randomBytes(32).toString('hex')];

function makeProvider(issuer, configuration) {
  return new Provider(issuer, {
    jwks: signingKeys(),
    clients: configuration.clients,
    findAccount: (ctx, sub) => {
      const account = accounts.get(sub);
      return account && { accountId: sub, claims: () => claimsOf(account) };
    },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'picture', 'preferred_username'],
    },
    // Many providers put the claims of the granted scopes into the ID token; the letter of the standard has them in
    // the userinfo alone when there is an access token to ask with.
    conformIdTokenClaims: configuration.claims_in_id_token === false,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html';
      ctx.body = document('This cannot be done', `<p><code>${escape(error)}</code> ${escape(description ?? '')}</p>`);
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: cookieKeys },
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      Grant: 24 * HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 24 * HOUR,
      Session: 24 * HOUR,
    },
  });
}

// --- its pages --------------------------------------------------------------------------------------------------

const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(response, status, title, body) {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(document(title, body));
}

function document(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escape(title)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem }
  input, button { font: inherit; box-sizing: border-box; width: 100%; padding: .5rem; margin: .25rem 0 }
  p.wrong { color: #b00020 }
</style><h1>${escape(title)}</h1>${body}</html>`;
}

function loginPage(response, uid, client, wrong) {
  page(response, wrong ? 401 : 200, 'Sign in', `
<p>to go on to ${escape(client.clientName ?? client.clientId)}</p>
${wrong ? '<p class="wrong" role="alert">Wrong login or password.</p>' : ''}
<form method="post" action="/interaction/${uid}/login">
  <label>Login <input name="login" autocomplete="username" required autofocus></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Sign in</button>
</form>
<form method="post" action="/interaction/${uid}/abort"><button>Cancel</button></form>`);
}

function consentPage(response, uid, client, scopes) {
  page(response, 200, 'Allow?', `
<p>${escape(client.clientName ?? client.clientId)} asks for: ${scopes.map(escape).join(', ') || 'nothing new'}.</p>
<form method="post" action="/interaction/${uid}/confirm"><button autofocus>Allow</button></form>
<form method="post" action="/interaction/${uid}/abort"><button>Refuse</button></form>`);
}

async function formOf(request) {
  let body = '';
  for await (const part of request.setEncoding('utf8')) {
    body += part;
    if (body.length > FORM_BYTES) throw new RangeError('the form is too large');
  }
  return new URLSearchParams(body);
}

async function grantOf(provider, { grantId, params, session, prompt: { details } }) {
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  return grant.save();
}

async function interact(provider, request, response, uid, action) {
  const found = await provider.interactionDetails(request, response);
  if (found.uid !== uid) throw new Error('the cookie is another interaction\'s');
  const { prompt, params } = found;
  const client = await provider.Client.find(params.client_id);
  const finish = (result, mergeWithLastSubmission) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
  const form = request.method === 'POST' ? await formOf(request) : null;
  if (form === null && action === undefined) {
    if (prompt.name === 'login') return loginPage(response, uid, client, false);
    return consentPage(response, uid, client, prompt.details.missingOIDCScope ?? []);
  }
  if (form !== null && action === 'abort') {
    return finish({ error: 'access_denied', error_description: 'End-User aborted interaction' }, false);
  }
  if (form !== null && action === 'login' && prompt.name === 'login') {
    const account = accountOf(form.get('login'), form.get('password') ?? '');
    if (account === undefined) return loginPage(response, uid, client, true);
    return finish({ login: { accountId: account.sub } }, false);
  }
  if (form !== null && action === 'confirm' && prompt.name === 'consent') {
    return finish({ consent: { grantId: await grantOf(provider, found) } }, true);
  }
  return page(response, 404, 'Not found', '');
}

// --- running ----------------------------------------------------------------------------------------------------

async function start(configuration) {
  learn(configuration.accounts ?? []);
  let current = { handle: (request, response) => page(response, 503, 'Not yet', '') };
  const server = createServer((request, response) => {
    const [, uid, action] = /^\/interaction\/([\w-]{1,64})(?:\/(\w{1,16}))?$/.exec(request.url) ?? [];
    if (uid === undefined) return current.handle(request, response);
    return interact(current.provider, request, response, uid, action).catch((error) => {
      process.stderr.write(`${error.stack}\n`);
      if (!response.headersSent) page(response, 400, 'Begin again', '<p>This login is over, or was never begun.</p>');
    });
  });
  const host = configuration.host ?? '127.0.0.1';
  server.listen(configuration.port ?? 0, host);
  await once(server, 'listening');
  const issuer = `http://${host}:${server.address().port}`;
  const renew = () => {
    const provider = makeProvider(issuer, configuration);
    current = { provider, handle: provider.callback() };
  };
  renew();
  say({ ready: true, issuer });
  return { server, renew };
}

function endBy({ server }) {
  const end = () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return end;
}

async function serveTold() {
  let running;
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    if (running === undefined) {
      running = await start(told);
      running.end = endBy(running);
      continue;
    }
    if (told.accounts) learn(told.accounts);
    if (told.rotate_keys) running.renew();
    say({ done: true });
  }
  running?.end();
}

const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('usage: node provider.mjs FILE | -\n');
  process.exit(2);
} else if (source === '-') {
  await serveTold();
} else {
  endBy(await start(JSON.parse(readFileSync(source, 'utf8'))));
}
