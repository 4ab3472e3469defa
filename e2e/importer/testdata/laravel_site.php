<?php
// Makes the tables of Laravel's users and of spatie/laravel-permission, with the
// passwords of PHP's password_hash, and prints the users: name, password, kind of
// the password column. Laravel itself is no package of Debian: the tables are those
// of its migrations.
//
// usage: php laravel_site.php DSN [teams]

$db = new PDO($argv[1]);
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$teams = ($argv[2] ?? '') === 'teams';
$key = 'integer primary key autoincrement not null';
$teamOfRole = $teams ? ', "team_id" integer' : '';
$teamOfModel = $teams ? ', "team_id" integer not null' : '';
foreach ([
    "create table \"users\" (\"id\" $key, \"name\" varchar not null, \"email\" varchar not null unique, \"email_verified_at\" datetime, \"password\" varchar not null, \"remember_token\" varchar, \"created_at\" datetime, \"updated_at\" datetime)",
    "create table \"permissions\" (\"id\" $key, \"name\" varchar not null, \"guard_name\" varchar not null, \"created_at\" datetime, \"updated_at\" datetime)",
    "create table \"roles\" (\"id\" $key, \"name\" varchar not null, \"guard_name\" varchar not null, \"created_at\" datetime, \"updated_at\" datetime$teamOfRole)",
    "create table \"model_has_permissions\" (\"permission_id\" integer not null, \"model_type\" varchar not null, \"model_id\" integer not null$teamOfModel)",
    "create table \"model_has_roles\" (\"role_id\" integer not null, \"model_type\" varchar not null, \"model_id\" integer not null$teamOfModel)",
    "create table \"role_has_permissions\" (\"permission_id\" integer not null, \"role_id\" integer not null, primary key (\"permission_id\", \"role_id\"))",
] as $statement) {
    $db->exec($statement);
}
$insert = function (string $table, array $row) use ($db) {
    $columns = implode(', ', array_keys($row));
    $places = implode(', ', array_fill(0, count($row), '?'));
    $db->prepare("insert into $table ($columns) values ($places)")->execute(array_values($row));
    return (int) $db->lastInsertId();
};

$kinds = [
    'PHP bcrypt' => fn ($p) => password_hash($p, PASSWORD_BCRYPT, ['cost' => 5]),
    'PHP argon2id' => fn ($p) => password_hash($p, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1]),
    'PHP argon2i' => fn ($p) => password_hash($p, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1]),
];
$permissions = [];
foreach (['edit articles', 'delete articles', 'publish articles', 'unpublish articles'] as $name) {
    $permissions[] = $insert('permissions', ['name' => $name, 'guard_name' => 'web']);
}
$roles = [];
foreach (['writer' => [0, 1], 'admin' => [2, 3]] as $name => $has) {
    $roles[] = $role = $insert('roles', ['name' => $name, 'guard_name' => 'web']);
    foreach ($has as $n) {
        $insert('role_has_permissions', ['permission_id' => $permissions[$n], 'role_id' => $role]);
    }
}
$team = fn (int $n) => $teams ? ['team_id' => 7 + $n % 2] : [];
$users = [];
for ($n = 0; $n < (int) (getenv('USERS') ?: 27); $n++) {
    $kind = array_keys($kinds)[$n % count($kinds)];
    $name = sprintf('laravel%03d@example.org', $n);
    $password = "the password of $name";
    $id = $insert('users', ['name' => "User $n", 'email' => $name, 'password' => $kinds[$kind]($password), 'created_at' => sprintf('2023-04-05 06:07:%02d', $n % 60)]);
    $model = ['model_type' => 'App\\Models\\User', 'model_id' => $id];
    if ($n % 3 == 0) {
        $insert('model_has_roles', ['role_id' => $roles[$n % 2]] + $model + $team($n));
    }
    if ($n % 5 == 0) {
        $insert('model_has_permissions', ['permission_id' => $permissions[$n % 4]] + $model + $team($n));
    }
    $users[] = ['name' => $name, 'password' => $password, 'kind' => $kind, 'created' => sprintf('2023-04-05T06:07:%02dZ', $n % 60)];
}
echo json_encode($users);
