//! Asks each data service of Spin's SDK that its path names, and answers with what that says.

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::{http_component, key_value, mqtt, mysql, pg4, redis, sqlite, variables};

#[http_component]
fn answer(request: Request) -> impl IntoResponse {
    let (status, body) = match ask(request.path()) {
        Ok(text) => (200, text),
        Err(error) => (500, format!("{error:?}")),
    };
    Response::builder().status(status).body(body).build()
}

fn ask(path: &str) -> anyhow::Result<String> {
    match path {
        "/key-value" => {
            let store = key_value::Store::open_default()?;
            store.set("greeting", b"hello from a store")?;
            Ok(text(store.get("greeting")?.unwrap_or_default()))
        }
        "/sqlite" => {
            let connection = sqlite::Connection::open_default()?;
            let found = connection.execute("SELECT 'hello from SQLite' AS a", &[])?;
            let row = found.rows().next();
            Ok(row.and_then(|row| row.get::<&str>("a").map(String::from)).unwrap_or_default())
        }
        "/redis" => {
            let connection = redis::Connection::open(&variables::get("redis")?)?;
            connection.set("greeting", &b"hello from Redis".to_vec())?;
            Ok(text(connection.get("greeting")?.unwrap_or_default()))
        }
        "/postgres" => {
            let connection = pg4::Connection::open(&variables::get("postgres")?)?;
            let statement = "SELECT 'hello from PostgreSQL' || $1::text AS a, now()::date AS b";
            let found = connection.query(statement, &[pg4::ParameterValue::Str("!".into())])?;
            let row = found.rows().next();
            Ok(row.and_then(|row| row.get::<String>("a")).unwrap_or_default())
        }
        "/mysql" => {
            let connection = mysql::Connection::open(&variables::get("mysql")?)?;
            let found = connection.query("SELECT 'hello from MySQL' AS a", &[])?;
            Ok(found.rows.first().map(|row| format!("{:?}", row[0])).unwrap_or_default())
        }
        "/mqtt" => {
            let (user, password) = (variables::get("mqtt_user")?, variables::get("mqtt_password")?);
            let connection = mqtt::Connection::open(&variables::get("mqtt")?, &user, &password, 30)?;
            connection.publish("greeting", b"hello from Spin", mqtt::Qos::AtLeastOnce)?;
            Ok("published".into())
        }
        _ => Ok("ask /key-value, /sqlite, /redis, /postgres, /mysql or /mqtt".into()),
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
